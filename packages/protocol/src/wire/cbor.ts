import { decode as cborgDecode, encode as cborgEncode, rfc8949EncodeOptions } from 'cborg'
import { DecodeFailed } from './decode-failed.ts'

/** Deterministic CBOR (RFC 8949 §4.2): shortest integers, definite lengths. */
export const encodeCbor = (value: unknown): Uint8Array => cborgEncode(value, rfc8949EncodeOptions)

/** Refuses everything that `encodeCbor` would not have written, so that each value has one spelling. */
export function decodeCbor(bytes: Uint8Array): unknown {
  let value: unknown
  try {
    value = cborgDecode(bytes, { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true, useMaps: true })
  } catch (cause) {
    throw new DecodeFailed('bytes', 'CBOR', cause instanceof Error ? cause.message : 'something else')
  }
  if (!sameBytes(encodeCbor(value), bytes)) throw new DecodeFailed('bytes', 'deterministic CBOR', 'another spelling of the same value')
  return value
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}
