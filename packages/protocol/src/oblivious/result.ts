import { assert } from '@infermesh/kernel'

/** What a decoder or an opener says of bytes from outside: a value, or a registered code with a plain reason. It never throws on hostile bytes. */
export type Result<Value, Code extends string> = { readonly ok: true; readonly value: Value } | Failed<Code>

export interface Failed<Code extends string> {
  readonly ok: false
  readonly code: Code
  readonly detail: string
}

export const succeed = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value })

export const fail = <Code extends string>(code: Code, detail: string): Failed<Code> => ({ ok: false, code, detail })

/** The value of a result whose failure would be our own bug. */
export function must<Value, Code extends string>(result: Result<Value, Code>): Value {
  assert(result.ok, result.ok ? '' : `expected success, got ${result.code}: ${result.detail}`)
  return result.value
}
