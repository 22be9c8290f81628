import { type ErrorCode, errors } from '@infermesh/protocol'
import type { Refusal } from '../client/refusal.ts'

/** Refusals that say something of the operator, not of the request: another operator may do it. */
const elsewhere: readonly string[] = [
  'overloaded',
  'not-serving',
  'stale-epoch',
  'not-authorized',
  'prompt-too-long',
  'unknown-model',
  'prefix-mismatch',
  // Its clock may be wrong; the gateway watches the deadline by its own.
  'deadline-passed',
] satisfies readonly ErrorCode[]

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errors, code)

/** What an attempt's end means: whether the request is lost with it, and what the client is told if nothing better follows. */
export function mayGoElsewhere(
  why: { readonly code: string; readonly detail: string },
  operator: string,
): { readonly isFinal: boolean; readonly refusal: Refusal } {
  if (isErrorCode(why.code) && why.code !== 'upstream-lost') {
    return { isFinal: !elsewhere.includes(why.code), refusal: { code: why.code, detail: `${operator}: ${why.detail}` } }
  }
  return { isFinal: false, refusal: { code: 'upstream-lost', detail: `${operator}: ${why.code}: ${why.detail}` } }
}
