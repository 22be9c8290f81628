import { assert } from '@infermesh/kernel'
import { sha384 } from '@noble/hashes/sha2.js'
import { byteLength, bytesOf, modInverse, modPow, numberOf } from './numbers.ts'

/** A back end may keep what it derived under the key object, so a key never changes. */
export interface RsaPublicKey {
  readonly n: bigint
  readonly e: bigint
}

export interface RsaPrivateKey extends RsaPublicKey {
  readonly d: bigint
  readonly p: bigint
  readonly q: bigint
}

export interface Blinded {
  readonly message: Uint8Array
  /** What takes the blinding off again: the client's secret. */
  readonly unblinder: Uint8Array
}

/** The arithmetic under blind RSA, synchronous; byte strings are as long as the modulus and stand for numbers below it. */
export interface RsaPrimitives {
  readonly name: string
  sha384(bytes: Uint8Array): Uint8Array
  /** message · r^e mod n; `undefined` when r has no inverse. */
  blind(key: RsaPublicKey, message: Uint8Array, r: bigint): Blinded | undefined
  /** The private operation, checked by the public one against faults (RFC 9474 §4.3). */
  sign(key: RsaPrivateKey, message: Uint8Array): Uint8Array
  /** signature · r⁻¹ mod n. */
  unblind(key: RsaPublicKey, signature: Uint8Array, unblinder: Uint8Array): Uint8Array
  /** The public operation on a signature. */
  recover(key: RsaPublicKey, signature: Uint8Array): Uint8Array
}

/** Blind RSA's arithmetic in plain JavaScript. */
export const portableRsa: RsaPrimitives = {
  name: 'portable',
  sha384: (bytes) => sha384(bytes),
  blind: (key, message, r) => blindWith(key, message, { r, powered: modPow(r, key.e, key.n) }),
  sign: (key, message) => {
    const number = numberOf(message)
    const signature = privatePower(key, number)
    assert(modPow(signature, key.e, key.n) === number, 'the private RSA operation gave a wrong result: the key is not one key')
    return bytesOf(signature, byteLength(key.n))
  },
  unblind: unblindWith,
  recover: (key, signature) => bytesOf(modPow(numberOf(signature), key.e, key.n), byteLength(key.n)),
}

/** Blinding with r^e already worked out, by whichever back end. */
export function blindWith(
  key: RsaPublicKey,
  message: Uint8Array,
  blind: { readonly r: bigint; readonly powered: bigint },
): Blinded | undefined {
  const inverse = modInverse(blind.r, key.n)
  if (inverse === undefined) return undefined
  const length = byteLength(key.n)
  return { message: bytesOf((numberOf(message) * blind.powered) % key.n, length), unblinder: bytesOf(inverse, length) }
}

export function unblindWith(key: RsaPublicKey, signature: Uint8Array, unblinder: Uint8Array): Uint8Array {
  return bytesOf((numberOf(signature) * numberOf(unblinder)) % key.n, byteLength(key.n))
}

/** value^d mod n through the two primes (RFC 8017 §5.1.2), four times as fast as directly. */
function privatePower(key: RsaPrivateKey, value: bigint): bigint {
  const { p, q, d } = key
  const inverse = modInverse(q, p)
  assert(inverse !== undefined, 'expected two different primes in an RSA key')
  const left = modPow(value % p, d % (p - 1n), p)
  const right = modPow(value % q, d % (q - 1n), q)
  const difference = ((((left - right) * inverse) % p) + p) % p
  return right + q * difference
}
