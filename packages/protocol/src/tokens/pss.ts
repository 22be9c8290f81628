import { assert } from '@infermesh/kernel'
import { concat, sameBytes } from '../oblivious/bytes.ts'

export type Sha384 = (bytes: Uint8Array) => Uint8Array

export const SHA384_LENGTH = 48

/** EMSA-PSS-ENCODE with SHA-384 and MGF1 (RFC 8017 §9.1.1) to `bits` bits. */
export function encodePss(sha384: Sha384, message: Uint8Array, options: { readonly bits: number; readonly salt: Uint8Array }): Uint8Array {
  const { bits, salt } = options
  const length = Math.ceil(bits / 8)
  assert(
    length >= SHA384_LENGTH + salt.length + 2,
    `expected at least ${SHA384_LENGTH + salt.length + 2} bytes for the encoding, got ${length}`,
  )
  const hash = sha384(concat(ZEROS, sha384(message), salt))
  const block = new Uint8Array(length - SHA384_LENGTH - 1)
  block[block.length - salt.length - 1] = 1
  block.set(salt, block.length - salt.length)
  return concat(maskedBlock(sha384, block, { hash, bits }), hash, TRAILER)
}

/** EMSA-PSS-VERIFY (RFC 8017 §9.1.2). */
export function verifyPss(
  sha384: Sha384,
  message: Uint8Array,
  encoded: { readonly bytes: Uint8Array; readonly bits: number; readonly saltLength: number },
): boolean {
  const { bytes, bits, saltLength } = encoded
  const length = Math.ceil(bits / 8)
  const blockLength = length - SHA384_LENGTH - 1
  if (bytes.length !== length || blockLength < saltLength + 1 || bytes[length - 1] !== TRAILER[0]) return false
  if (((bytes[0] ?? 0) & ~topMask(bits)) !== 0) return false
  const hash = bytes.subarray(blockLength, blockLength + SHA384_LENGTH)
  const block = maskedBlock(sha384, bytes.subarray(0, blockLength), { hash, bits })
  const start = blockLength - saltLength - 1
  if (block[start] !== 1 || block.subarray(0, start).some((byte) => byte !== 0)) return false
  return sameBytes(sha384(concat(ZEROS, sha384(message), block.subarray(start + 1))), hash)
}

function maskedBlock(sha384: Sha384, block: Uint8Array, mask: { readonly hash: Uint8Array; readonly bits: number }): Uint8Array {
  const output = new Uint8Array(block)
  const seed = concat(mask.hash, COUNTER)
  for (let counter = 0, offset = 0; offset < block.length; counter++, offset += SHA384_LENGTH) {
    seed[seed.length - 2] = counter >>> 8
    seed[seed.length - 1] = counter
    const stream = sha384(seed)
    const end = Math.min(SHA384_LENGTH, block.length - offset)
    for (let index = 0; index < end; index++) output[offset + index] = (block[offset + index] ?? 0) ^ (stream[index] ?? 0)
  }
  output[0] = (output[0] ?? 0) & topMask(mask.bits)
  return output
}

/** The bits that the first byte may use. */
const topMask = (bits: number): number => 0xff >>> (8 * Math.ceil(bits / 8) - bits)

const ZEROS = new Uint8Array(8)
const COUNTER = new Uint8Array(4)
const TRAILER = Uint8Array.of(0xbc)
