import { assert } from '@infermesh/kernel'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'

/** A big-endian number (OS2IP of RFC 8017). */
export const numberOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${bytesToHex(bytes)}`))

/** `length` big-endian bytes (I2OSP). */
export function bytesOf(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16)
  assert(value >= 0n && hex.length <= 2 * length, `expected a number of at most ${length} bytes`)
  return hexToBytes(hex.padStart(2 * length, '0'))
}

export const bitLength = (value: bigint): number => value.toString(2).length

export const byteLength = (value: bigint): number => Math.ceil(value.toString(16).length / 2)

/** base^exponent mod modulus, four bits of the exponent at a time. Not constant in time: for simulated peers only. */
export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const table: bigint[] = [1n]
  for (let index = 1; index < 16; index++) table.push(((table[index - 1] ?? 1n) * base) % modulus)
  let result = 1n
  for (const digit of exponent.toString(16)) {
    for (let square = 0; square < 4; square++) result = (result * result) % modulus
    const value = Number.parseInt(digit, 16)
    if (value > 0) result = (result * (table[value] ?? 1n)) % modulus
  }
  return result
}

/** The inverse mod modulus by the extended Euclidean algorithm, or `undefined` where there is none. */
export function modInverse(value: bigint, modulus: bigint): bigint | undefined {
  let [previous, current] = [modulus, ((value % modulus) + modulus) % modulus]
  let [before, factor] = [0n, 1n]
  while (current > 0n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[before, factor] = [factor, before - quotient * factor]
  }
  if (previous !== 1n) return undefined
  return before < 0n ? before + modulus : before
}
