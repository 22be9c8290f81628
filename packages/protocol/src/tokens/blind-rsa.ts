import { fail, type Result, succeed } from '../oblivious/result.ts'
import { bitLength, bytesOf, numberOf } from './numbers.ts'
import { encodePss, SHA384_LENGTH, verifyPss } from './pss.ts'
import type { Blinded, RsaPrimitives, RsaPrivateKey, RsaPublicKey } from './rsa.ts'

export type BlindRsaCode = 'bad-blind' | 'malformed' | 'bad-signature'

export interface BlindingSecrets {
  /** 48 bytes for the variants that are probabilistic, none for PSSZERO. */
  readonly salt: Uint8Array
  /** From 1 up to n, uniform; see `blindFactor`. */
  readonly r: bigint
}

/** A blinding factor from 16 bytes more of randomness than the modulus has, so that its bias is below 2^-128. */
export const blindFactor = (key: RsaPublicKey, random: Uint8Array): bigint => (numberOf(random) % (key.n - 1n)) + 1n

/** Blind of RFC 9474 §4.2 with SHA-384, on a message already prepared. Fails for a factor that shares a prime with the key: draw another. */
export function blind(rsa: RsaPrimitives, key: RsaPublicKey, message: Uint8Array, secrets: BlindingSecrets): Result<Blinded, 'bad-blind'> {
  const { modulus, encodingBits } = sizesOf(key)
  const encoded = encodePss(rsa.sha384, message, { bits: encodingBits, salt: secrets.salt })
  const padded = new Uint8Array(modulus.length)
  padded.set(encoded, modulus.length - encoded.length)
  const blinded = rsa.blind(key, padded, secrets.r)
  return blinded ? succeed(blinded) : fail('bad-blind', 'the blinding factor has no inverse; draw another')
}

/** BlindSign of RFC 9474 §4.3. The signer learns nothing of the message. */
export function blindSign(rsa: RsaPrimitives, key: RsaPrivateKey, message: Uint8Array): Result<Uint8Array, 'malformed'> {
  const { modulus } = sizesOf(key)
  if (!isBelow(message, modulus)) {
    return fail('malformed', `blinded message: expected a number below the modulus in ${modulus.length} bytes, got ${message.length} bytes`)
  }
  return succeed(rsa.sign(key, message))
}

/** Finalize of RFC 9474 §4.4: the signature, verified before anyone relies on it. */
export function finalize(
  rsa: RsaPrimitives,
  key: RsaPublicKey,
  message: Uint8Array,
  answer: { readonly signed: Uint8Array; readonly unblinder: Uint8Array; readonly saltLength?: number },
): Result<Uint8Array, 'malformed' | 'bad-signature'> {
  const { modulus } = sizesOf(key)
  if (answer.signed.length !== modulus.length) {
    return fail('malformed', `blind signature: expected ${modulus.length} bytes, got ${answer.signed.length}`)
  }
  const signature = rsa.unblind(key, answer.signed, answer.unblinder)
  if (!verify(rsa, key, message, { signature, saltLength: answer.saltLength ?? SHA384_LENGTH })) {
    return fail('bad-signature', 'blind signature: the issuer did not sign what was sent, or not with its published key')
  }
  return succeed(signature)
}

/** RSASSA-PSS-VERIFY with SHA-384 (RFC 8017 §8.1.2). */
export function verify(
  rsa: RsaPrimitives,
  key: RsaPublicKey,
  message: Uint8Array,
  signed: { readonly signature: Uint8Array; readonly saltLength: number },
): boolean {
  const { signature, saltLength } = signed
  const { modulus, encodingBits: bits } = sizesOf(key)
  if (!isBelow(signature, modulus)) return false
  const recovered = rsa.recover(key, signature)
  const start = recovered.length - Math.ceil(bits / 8)
  if (recovered.subarray(0, start).some((byte) => byte !== 0)) return false
  return verifyPss(rsa.sha384, message, { bytes: recovered.subarray(start), bits, saltLength })
}

interface KeySizes {
  readonly modulus: Uint8Array
  /** Bits of an encoded message: one less than the modulus has. */
  readonly encodingBits: number
}

const sizes = new WeakMap<RsaPublicKey, KeySizes>()

/** Worked out once for each key object: to write a number out costs more than the checks that need it. */
function sizesOf(key: RsaPublicKey): KeySizes {
  const known = sizes.get(key)
  if (known !== undefined) return known
  const bits = bitLength(key.n)
  const made = { modulus: bytesOf(key.n, Math.ceil(bits / 8)), encodingBits: bits - 1 }
  sizes.set(key, made)
  return made
}

/** Whether these bytes are a number below the modulus, in as many bytes. Both are public. */
function isBelow(bytes: Uint8Array, modulus: Uint8Array): boolean {
  if (bytes.length !== modulus.length) return false
  for (let index = 0; index < bytes.length; index++) {
    const difference = (bytes[index] ?? 0) - (modulus[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
