import { randomFrom } from '@infermesh/kernel'
import { generateAgenticTrace, normal, type TraceRequest, withHints } from '@infermesh/serving'
import { readTrace, type TraceFile } from '@infermesh/serving/files'
import { UserError } from '../user-error.ts'

export interface TraceFlags {
  readonly skipBad?: true
  readonly limit?: string
  readonly hints?: string
  readonly seed: string
}

export interface ServedTrace extends Omit<TraceFile, 'form'> {
  readonly form: string
}

/** Sessions of `generated:<n>` start within this time. */
const STARTS_WITHIN = 3_600_000
const BLOCK_TOKENS = 64

/** The requests of a file, or of `generated:<n>`: so many coding-agent sessions drawn from published statistics. */
export async function traceOf(name: string, flags: TraceFlags): Promise<ServedTrace> {
  const drawn = /^generated:(.*)$/.exec(name)
  const limit = flags.limit === undefined ? undefined : count('--limit', flags.limit)
  const trace: ServedTrace =
    drawn === null
      ? await readTrace(name, { ...(flags.skipBad === true ? { skipBad: true } : {}), ...(limit === undefined ? {} : { limit }) })
      : { form: 'generated', skipped: 0, requests: generated(count('generated:<sessions>', drawn[1] ?? ''), flags.seed).slice(0, limit) }
  if (flags.hints === undefined) return trace
  const random = randomFrom(flags.seed).fork('hints')
  return { ...trace, requests: withHints(trace.requests, sigmaOf(flags.hints), () => normal(random)) }
}

export function sigmaOf(text: string): number {
  const value = Number(text)
  if (text === '' || !(value >= 0 && value <= 10)) throw new UserError(`--hints: expected a sigma from 0 to 10, found ${text}`)
  return value
}

/** In order of arrival, as a file is. */
function generated(sessions: number, seed: string): readonly TraceRequest[] {
  const random = randomFrom(seed).fork('trace')
  return generateAgenticTrace({ random, sessions, startsWithinMs: STARTS_WITHIN, blockTokens: BLOCK_TOKENS }).sort(
    (left, right) => left.arrivalMs - right.arrivalMs,
  )
}

export function count(flag: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new UserError(`${flag}: expected a whole number from 1, found ${text}`)
  return value
}
