import { concat, sameBytes } from './bytes.ts'
import { type HpkePrimitives, type KeyPair, type SealingKey, TAG_LENGTH } from './primitives.ts'

/**
 * Bytes of the right lengths and the right yes or no, without the arithmetic: for runs of very many peers. It protects nothing.
 * Sealed bytes are still masked, so code that peeks at them breaks here too.
 */
export const sizedPrimitives: HpkePrimitives = {
  name: 'sized',
  keyPair: (secret) => ({ secret, publicKey: digest([secret], 1) }),
  // Symmetric in the two public keys, as Diffie–Hellman is.
  sharedSecret: (own: KeyPair, peer) => digest(inOrder(own.publicKey, peer), 2),
  sha256: (bytes) => digest([bytes], 3),
  hmac: (key, parts) => digest([key, ...parts], 4),
  seal: (key, plaintext) => concat(masked(key, plaintext), tagOf(key, plaintext)),
  open: openSealed,
}

function openSealed(key: SealingKey, sealed: Uint8Array): Uint8Array | undefined {
  const length = sealed.length - TAG_LENGTH
  if (length < 0) return undefined
  const plaintext = masked(key, sealed.subarray(0, length))
  return sameBytes(tagOf(key, plaintext), sealed.subarray(length)) ? plaintext : undefined
}

const tagOf = (key: SealingKey, plaintext: Uint8Array): Uint8Array =>
  digest([key.key, key.nonce, key.aad, plaintext], 5).subarray(0, TAG_LENGTH)

function masked(key: SealingKey, bytes: Uint8Array): Uint8Array {
  const mask = digest([key.key, key.nonce], 6)
  const output = new Uint8Array(bytes.length)
  for (let index = 0; index < bytes.length; index++) output[index] = (bytes[index] ?? 0) ^ (mask[index & 31] ?? 0)
  return output
}

function inOrder(left: Uint8Array, right: Uint8Array): readonly Uint8Array[] {
  for (let index = 0; index < left.length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference < 0 ? [left, right] : [right, left]
  }
  return [left, right]
}

/** As many bytes as asked for: what stands in for other hashes. */
export function sizedHash(bytes: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length)
  const first = digest([bytes], 7)
  for (let offset = 0; offset < length; offset += 32)
    output.set(digest([first], 8 + offset).subarray(0, Math.min(32, length - offset)), offset)
  return output
}

/** 32 bytes from two multiplicative lanes, two bytes a step. Each part's length goes in, so that moving a byte between parts shows. */
function digest(parts: readonly Uint8Array[], purpose: number): Uint8Array {
  let low = 0x811c9dc5 ^ purpose
  let high = 0x9747b28c + purpose
  for (const part of parts) {
    // Never a look past the end: it would slow all others down.
    const even = part.length & ~1
    for (let index = 0; index < even; index += 2) {
      const pair = (part[index] ?? 0) | ((part[index + 1] ?? 0) << 8)
      low = Math.imul(low ^ pair, 0x01000193)
      high = Math.imul(high + pair, 0x85ebca6b) ^ (high >>> 15)
    }
    if (even < part.length) {
      const last = part[even] ?? 0
      low = Math.imul(low ^ last, 0x01000193)
      high = Math.imul(high + last, 0x85ebca6b) ^ (high >>> 15)
    }
    low = Math.imul(low ^ part.length, 0x9e3779b1)
    high = Math.imul(high ^ part.length, 0xc2b2ae35)
  }
  return spread(low, high)
}

function spread(low: number, high: number): Uint8Array {
  const output = new Uint8Array(32)
  let state = low
  for (let index = 0; index < 32; index += 4) {
    state = Math.imul(state ^ (state >>> 16), 0x21f0aaad) + high
    state = Math.imul(state ^ (state >>> 15), 0x735a2d97)
    const word = state ^ (state >>> 15)
    output[index] = word
    output[index + 1] = word >>> 8
    output[index + 2] = word >>> 16
    output[index + 3] = word >>> 24
  }
  return output
}
