import { decode as cborgDecode, encode as cborgEncode, rfc8949EncodeOptions } from 'cborg'
import { DecodeFailed } from './decode-failed.ts'

/** Deterministic CBOR (RFC 8949 §4.2): shortest integers, definite lengths. */
export const encodeCbor = (value: unknown): Uint8Array => cborgEncode(value, rfc8949EncodeOptions)

/** Refuses everything that `encodeCbor` would not have written, so that each value has one spelling. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const [value, again] = decodeAndEncode(bytes)
  if (!sameBytes(again, bytes)) throw new DecodeFailed('bytes', 'deterministic CBOR', 'another spelling of the same value')
  return value
}

/** What decodes need not encode (a map as a map's key): that too is the sender's fault. */
function decodeAndEncode(bytes: Uint8Array): readonly [value: unknown, again: Uint8Array] {
  try {
    const value: unknown = cborgDecode(bytes, { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true, useMaps: true })
    return [value, encodeCbor(value)]
  } catch (cause) {
    throw new DecodeFailed('bytes', 'CBOR', cause instanceof Error ? cause.message : 'something else')
  }
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}
