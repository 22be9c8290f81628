import type { SessionTurn } from '@infermesh/protocol'

const PAUSES = ['tool', 'user'] as const
const TURNS_MAX = 1 << 20
const TOKENS_MAX = 1 << 24
const EXPECT_MAX = 1 << 30

/** Reads a caller's `session`, or says what it expected. */
export function readSession(value: unknown): SessionTurn | { readonly fault: string } {
  if (typeof value !== 'object' || value === null) return { fault: 'session to be an object' }
  const { id, turn = 0, last = false, pause = 'user', expectMs, sigma, publicTokens = 0 } = value as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' || id.length === 0 || id.length > 64) return { fault: 'session.id, a text of at most 64 characters' }
  if (!isCount(turn, TURNS_MAX)) return { fault: `session.turn from 0 to ${TURNS_MAX}` }
  if (typeof last !== 'boolean') return { fault: 'session.last to be true or false' }
  const kind = PAUSES.find((name) => name === pause)
  if (kind === undefined) return { fault: `session.pause to be one of ${PAUSES.join(', ')}` }
  if (expectMs !== undefined && !isCount(expectMs, EXPECT_MAX)) return { fault: `session.expectMs, whole milliseconds up to ${EXPECT_MAX}` }
  if (sigma !== undefined && !(typeof sigma === 'number' && sigma >= 0 && sigma <= 10)) return { fault: 'session.sigma from 0 to 10' }
  if (!isCount(publicTokens, TOKENS_MAX)) return { fault: `session.publicTokens from 0 to ${TOKENS_MAX}` }
  const sigmaPerMille = sigma === undefined ? undefined : Math.round(sigma * 1000)
  return { id, turn, last, pause: kind, expectMs, sigmaPerMille, publicTokens }
}

const isCount = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
