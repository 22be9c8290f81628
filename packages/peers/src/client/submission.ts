import type { Amount, Millis, Random } from '@infermesh/kernel'
import type { SessionTurn } from '@infermesh/protocol'
import { arePassages, promptOfPassages } from './passages.ts'
import { readSession } from './session-claim.ts'
import { utf8Bytes } from './utf8.ts'

/** What a caller asks for with the command `submit`, after its JSON was checked. */
export interface Submission {
  readonly model: string
  readonly prompt: Uint8Array
  readonly maxTokens: number
  readonly seed: number | undefined
  readonly deadlineMs: Millis | undefined
  readonly maxCharge: Amount | undefined
  /** W3C traceparent. */
  readonly trace: string | undefined
  readonly session: SessionTurn | undefined
  /** The caller shows tokens as they come and can't take any back. */
  readonly stream: boolean
}

export type Parsed = { readonly ok: true; readonly submission: Submission } | { readonly ok: false; readonly detail: string }

const PROMPT_BYTES_MAX = 4 * 1024 * 1024
const TOKENS_MAX = 1 << 20

/** `promptTokens` or `passages` instead of `prompt` ask for a made-up prompt, for load. */
export function parseSubmission(argument: string, random: Random): Parsed {
  const fields = parseObject(argument)
  if (fields === undefined) return bad('expected a JSON object')
  const { model, maxTokens, seed, deadlineMs, maxCharge, trace, stream = false } = fields
  if (typeof model !== 'string' || model.length === 0 || model.length > 128) return bad('expected model, a text of at most 128 characters')
  if (!isCount(maxTokens, 1, TOKENS_MAX)) return bad(`expected maxTokens from 1 to ${TOKENS_MAX}`)
  if (!isAbsentOr(seed, Number.MAX_SAFE_INTEGER)) return bad('expected seed to be a whole number')
  if (!isAbsentOr(deadlineMs, MILLIS_MAX)) return bad('expected deadlineMs to be a number of milliseconds')
  if (!isAbsentOr(maxCharge, Number.MAX_SAFE_INTEGER)) return bad('expected maxCharge to be a whole number of coins')
  if (trace !== undefined && (typeof trace !== 'string' || !TRACEPARENT.test(trace))) return bad('expected trace to be a W3C traceparent')
  if (typeof stream !== 'boolean') return bad('expected stream to be true or false')
  const session = fields.session === undefined ? undefined : readSession(fields.session)
  if (session !== undefined && 'fault' in session) return bad(`expected ${session.fault}`)
  const bytes = promptOf(fields, random)
  if (bytes === undefined) return bad('expected prompt, a text, or promptTokens, or passages')
  if (bytes.length > PROMPT_BYTES_MAX) return bad(`expected a prompt of at most ${PROMPT_BYTES_MAX} bytes, found ${bytes.length}`)
  return { ok: true, submission: { model, prompt: bytes, maxTokens, seed, deadlineMs, maxCharge, trace, session, stream } }
}

function promptOf({ prompt, promptTokens, passages }: Readonly<Record<string, unknown>>, random: Random): Uint8Array | undefined {
  if (typeof prompt === 'string') return utf8Bytes(prompt)
  if (arePassages(passages, PROMPT_BYTES_MAX / 4)) return promptOfPassages(passages)
  return isCount(promptTokens, 0, PROMPT_BYTES_MAX / 4) ? madeUp(promptTokens, random) : undefined
}

function parseObject(argument: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(argument)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch (failure) {
    if (failure instanceof SyntaxError) return undefined
    throw failure
  }
}

function isCount(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

const isAbsentOr = (value: unknown, max: number): value is number | undefined => value === undefined || isCount(value, 0, max)

function madeUp(tokens: number, random: Random): Uint8Array {
  const text = new Uint8Array(tokens * 4)
  for (let index = 0; index < text.length; index++) text[index] = 97 + random.below(26)
  return text
}

const bad = (detail: string): Parsed => ({ ok: false, detail: `submit: ${detail}` })
/** A day. */
const MILLIS_MAX = 86_400_000
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
