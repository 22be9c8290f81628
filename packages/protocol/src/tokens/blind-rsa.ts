import { fail, type Result, succeed } from '../oblivious/result.ts'
import { byteLength, numberOf } from './numbers.ts'
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
  const length = byteLength(key.n)
  const encoded = encodePss(rsa.sha384, message, { bits: encodingBits(key), salt: secrets.salt })
  const padded = new Uint8Array(length)
  padded.set(encoded, length - encoded.length)
  const blinded = rsa.blind(key, padded, secrets.r)
  return blinded ? succeed(blinded) : fail('bad-blind', 'the blinding factor has no inverse; draw another')
}

/** BlindSign of RFC 9474 §4.3. The signer learns nothing of the message. */
export function blindSign(rsa: RsaPrimitives, key: RsaPrivateKey, message: Uint8Array): Result<Uint8Array, 'malformed'> {
  if (message.length !== byteLength(key.n) || numberOf(message) >= key.n) {
    return fail(
      'malformed',
      `blinded message: expected a number below the modulus in ${byteLength(key.n)} bytes, got ${message.length} bytes`,
    )
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
  if (answer.signed.length !== byteLength(key.n)) {
    return fail('malformed', `blind signature: expected ${byteLength(key.n)} bytes, got ${answer.signed.length}`)
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
  if (signature.length !== byteLength(key.n) || numberOf(signature) >= key.n) return false
  const bits = encodingBits(key)
  const recovered = rsa.recover(key, signature)
  const start = recovered.length - Math.ceil(bits / 8)
  if (recovered.subarray(0, start).some((byte) => byte !== 0)) return false
  return verifyPss(rsa.sha384, message, { bytes: recovered.subarray(start), bits, saltLength })
}

const encodingBits = (key: RsaPublicKey): number => key.n.toString(2).length - 1
