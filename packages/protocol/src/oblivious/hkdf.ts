import { EMPTY, u8 } from './bytes.ts'
import { HASH_LENGTH, type HpkePrimitives } from './primitives.ts'

const NO_SALT = new Uint8Array(HASH_LENGTH)
const ONE = u8(1)

/** HKDF-Extract with SHA-256 (RFC 5869 §2.2): 32 bytes. The input comes in parts, as the info of `expand` does. */
export const extract = (primitives: HpkePrimitives, salt: Uint8Array, input: readonly Uint8Array[]): Uint8Array =>
  primitives.hmac(salt.length === 0 ? NO_SALT : salt, input)

/** HKDF-Expand with SHA-256 (RFC 5869 §2.3), to at most 8,160 bytes. */
export function expand(primitives: HpkePrimitives, key: Uint8Array, info: readonly Uint8Array[], length: number): Uint8Array {
  if (length <= HASH_LENGTH) return primitives.hmac(key, [...info, ONE]).subarray(0, length)
  const output = new Uint8Array(length)
  let block = EMPTY
  for (let counter = 1, offset = 0; offset < length; counter++, offset += HASH_LENGTH) {
    block = primitives.hmac(key, [block, ...info, u8(counter)])
    output.set(block.subarray(0, Math.min(HASH_LENGTH, length - offset)), offset)
  }
  return output
}
