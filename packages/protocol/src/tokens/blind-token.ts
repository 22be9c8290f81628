import { assert } from '@infermesh/kernel'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, sameBytes } from '../oblivious/bytes.ts'
import { fail, type Result, succeed } from '../oblivious/result.ts'
import { blind, blindFactor, blindSign, finalize, verify } from './blind-rsa.ts'
import { byteLength } from './numbers.ts'
import { SHA384_LENGTH } from './pss.ts'
import type { RsaPrimitives, RsaPrivateKey, RsaPublicKey } from './rsa.ts'
import { encodeRsaKey } from './rsa-key.ts'
import { decodeTokenRequest, encodeToken, encodeTokenRequest, TOKEN_TYPE, type Token, tokenInput } from './wire.ts'

/** A published issuer key with its id, SHA-256 of its SubjectPublicKeyInfo. */
export interface IssuerKey {
  readonly key: RsaPublicKey
  readonly keyId: Uint8Array
}

export function issuerKeyOf(key: RsaPublicKey): IssuerKey {
  assert(byteLength(key.n) === 256, `expected an RSA key of 2,048 bits, got ${8 * byteLength(key.n)}`)
  return { key: { n: key.n, e: key.e }, keyId: sha256(encodeRsaKey(key)) }
}

/** Fresh random bytes for one token. */
export interface TokenSecrets {
  /** 32 bytes; the token's identity. */
  readonly nonce: Uint8Array
  /** 48 bytes. */
  readonly salt: Uint8Array
  /** 272 bytes, or the blinding factor itself. */
  readonly blind: Uint8Array | bigint
}

export interface PendingToken {
  /** 259 bytes, for the issuer. */
  readonly request: Uint8Array
  /** The token (354 bytes), once the issuer answered. It is verified before it is returned. */
  finish(response: Uint8Array): Result<Uint8Array, 'malformed' | 'bad-signature'>
}

/** Starts to buy one token of type 0x0002 (RFC 9578 §6.1) for a challenge. */
export function requestToken(
  rsa: RsaPrimitives,
  issuer: IssuerKey,
  challenge: Uint8Array,
  secrets: TokenSecrets,
): Result<PendingToken, 'bad-blind'> {
  assert(secrets.nonce.length === 32 && secrets.salt.length === SHA384_LENGTH, 'expected a nonce of 32 and a salt of 48 bytes')
  const draft = { type: TOKEN_TYPE.publiclyVerifiable, nonce: secrets.nonce, challengeDigest: sha256(challenge), keyId: issuer.keyId }
  const input = tokenInput(draft)
  const r = typeof secrets.blind === 'bigint' ? secrets.blind : blindFactor(issuer.key, secrets.blind)
  const blinded = blind(rsa, issuer.key, input, { salt: secrets.salt, r })
  if (!blinded.ok) return blinded
  const { message, unblinder } = blinded.value
  return succeed({
    request: encodeTokenRequest({ type: draft.type, keyIdTail: issuer.keyId[31] ?? 0, blinded: message }),
    finish: (response) => {
      const signature = finalize(rsa, issuer.key, input, { signed: response, unblinder })
      return signature.ok ? succeed(encodeToken({ ...draft, authenticator: signature.value })) : signature
    },
  })
}

/** The issuer's answer to one request, 256 bytes. It sees the buyer, and nothing that appears in the token. */
export function issueToken(
  rsa: RsaPrimitives,
  issuer: { readonly privateKey: RsaPrivateKey; readonly keyId: Uint8Array },
  request: Uint8Array,
): Result<Uint8Array, 'malformed' | 'unknown-key'> {
  const decoded = decodeTokenRequest(request)
  if (!decoded.ok) return decoded
  const { type, keyIdTail, blinded } = decoded.value
  if (type !== TOKEN_TYPE.publiclyVerifiable) return fail('malformed', `token request: expected type 2, got ${type}`)
  if (keyIdTail !== issuer.keyId[31])
    return fail('unknown-key', `token request: no key whose id ends in ${keyIdTail}; fetch the issuer's keys again`)
  return blindSign(rsa, issuer.privateKey, blinded)
}

export type TokenCode = 'malformed' | 'unknown-key' | 'unknown-challenge' | 'bad-signature'

/**
 * Whether a token is good here: of a key in use, for a challenge that this verifier publishes itself, and signed. Whether it was spent
 * is the spent set's to say.
 */
export function verifyToken(
  rsa: RsaPrimitives,
  accepted: { readonly issuers: readonly IssuerKey[]; readonly challengeDigests: readonly Uint8Array[] },
  token: Token,
): Result<void, TokenCode> {
  if (token.type !== TOKEN_TYPE.publiclyVerifiable) return fail('malformed', `token: expected type 2, got ${token.type}`)
  const issuer = accepted.issuers.find((known) => sameBytes(known.keyId, token.keyId))
  if (!issuer) return fail('unknown-key', 'token: signed with a key that is not in use')
  if (!accepted.challengeDigests.some((digest) => sameBytes(digest, token.challengeDigest))) {
    return fail('unknown-challenge', 'token: bought for a challenge that is not published here')
  }
  const signed = { signature: token.authenticator, saltLength: SHA384_LENGTH }
  if (!verify(rsa, issuer.key, tokenInput(token), signed)) return fail('bad-signature', 'token: the signature does not verify')
  return succeed(undefined)
}

/** What a spent set knows a token by. The signature stays out: two signatures over one nonce are one token. */
export const tokenId = (token: Token): Uint8Array => sha256(concat(token.keyId, token.nonce))
