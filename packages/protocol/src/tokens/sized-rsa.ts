import { sizedHash } from '../oblivious/sized-primitives.ts'
import { byteLength, bytesOf } from './numbers.ts'
import type { RsaPrimitives } from './rsa.ts'

/**
 * Right lengths and the right yes or no, without exponentiation: the private operation leaves its input as it is, and blinding is a mask.
 * Anyone could sign, so it stands in for the arithmetic among simulated peers that follow the protocol, and nowhere else.
 */
export const sizedRsa: RsaPrimitives = {
  name: 'sized',
  sha384: (bytes) => sizedHash(bytes, 48),
  blind: (key, message, r) => {
    const unblinder = bytesOf(r % key.n, byteLength(key.n))
    // The top byte stays: the result must be below the modulus, as a blinded message is.
    unblinder[0] = 0
    return { message: masked(message, unblinder), unblinder }
  },
  sign: (_, message) => message,
  unblind: (_, signature, unblinder) => masked(signature, unblinder),
  recover: (_, signature) => signature,
}

function masked(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  const output = new Uint8Array(bytes.length)
  for (let index = 0; index < bytes.length; index++) output[index] = (bytes[index] ?? 0) ^ (mask[index] ?? 0)
  return output
}
