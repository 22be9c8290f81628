import { assert } from '@infermesh/kernel'
import { concat, latin1, latin1Bytes, u8, u16, u16At } from '../oblivious/bytes.ts'
import { fail, type Result, succeed } from '../oblivious/result.ts'

/** Token types of RFC 9578: VOPRF over P-384, verified by its issuer alone, and blind RSA-2048, verified by anyone. */
export const TOKEN_TYPE = { privatelyVerifiable: 0x0001, publiclyVerifiable: 0x0002 } as const
export type TokenType = 0x0001 | 0x0002

/** What a token is good for (RFC 9577 §2.1). Empty context and origins make the largest crowd to hide in. */
export interface TokenChallenge {
  readonly type: TokenType
  readonly issuer: string
  /** Empty or 32 bytes. */
  readonly context: Uint8Array
  /** Names of the origins that accept it, comma-separated; empty for all. */
  readonly origins: string
}

export interface TokenRequest {
  readonly type: TokenType
  /** Last byte of the key id: enough to choose among an issuer's few keys. */
  readonly keyIdTail: number
  readonly blinded: Uint8Array
}

export interface Token {
  readonly type: TokenType
  readonly nonce: Uint8Array
  readonly challengeDigest: Uint8Array
  readonly keyId: Uint8Array
  readonly authenticator: Uint8Array
}

export function encodeTokenChallenge(challenge: TokenChallenge): Uint8Array {
  const { type, issuer, context, origins } = challenge
  assert(issuer.length > 0, 'expected an issuer name')
  assert(context.length === 0 || context.length === 32, `expected a redemption context of 0 or 32 bytes, got ${context.length}`)
  return concat(u16(type), u16(issuer.length), latin1Bytes(issuer), u8(context.length), context, u16(origins.length), latin1Bytes(origins))
}

export function decodeTokenChallenge(bytes: Uint8Array): Result<TokenChallenge, 'malformed'> {
  const type = u16At(bytes, 0)
  const contextAt = 4 + u16At(bytes, 2)
  const contextLength = bytes[contextAt] ?? 0
  const originsAt = contextAt + 1 + contextLength + 2
  const end = originsAt + u16At(bytes, originsAt - 2)
  if (!isTokenType(type) || contextAt === 4 || (contextLength !== 0 && contextLength !== 32) || end !== bytes.length || bytes.length < 8) {
    return fail('malformed', `token challenge: ${bytes.length} bytes do not hold a challenge of a known type`)
  }
  return succeed({
    type,
    issuer: latin1(bytes.subarray(4, contextAt)),
    context: bytes.subarray(contextAt + 1, contextAt + 1 + contextLength),
    origins: latin1(bytes.subarray(originsAt)),
  })
}

/** 259 bytes for a publicly verifiable token, 52 for a privately verifiable one. */
export const encodeTokenRequest = (request: TokenRequest): Uint8Array => concat(u16(request.type), u8(request.keyIdTail), request.blinded)

export function decodeTokenRequest(bytes: Uint8Array): Result<TokenRequest, 'malformed'> {
  const type = u16At(bytes, 0)
  if (!isTokenType(type) || bytes.length !== 3 + BLINDED_LENGTHS[type]) {
    return fail('malformed', `token request: ${bytes.length} bytes do not hold a request of a known type`)
  }
  return succeed({ type, keyIdTail: bytes[2] ?? 0, blinded: bytes.subarray(3) })
}

/** What the authenticator authenticates: all of the token before it, 98 bytes. */
export const tokenInput = (token: Omit<Token, 'authenticator'>): Uint8Array =>
  concat(u16(token.type), token.nonce, token.challengeDigest, token.keyId)

/** 354 bytes for a publicly verifiable token, 146 for a privately verifiable one. */
export const encodeToken = (token: Token): Uint8Array => concat(tokenInput(token), token.authenticator)

export function decodeToken(bytes: Uint8Array): Result<Token, 'malformed'> {
  const type = u16At(bytes, 0)
  if (!isTokenType(type) || bytes.length !== TOKEN_INPUT_LENGTH + AUTHENTICATOR_LENGTHS[type]) {
    return fail('malformed', `token: ${bytes.length} bytes do not hold a token of a known type`)
  }
  return succeed({
    type,
    nonce: bytes.subarray(2, 34),
    challengeDigest: bytes.subarray(34, 66),
    keyId: bytes.subarray(66, TOKEN_INPUT_LENGTH),
    authenticator: bytes.subarray(TOKEN_INPUT_LENGTH),
  })
}

const isTokenType = (type: number): type is TokenType => type === 0x0001 || type === 0x0002

const TOKEN_INPUT_LENGTH = 98
const BLINDED_LENGTHS: Readonly<Record<TokenType, number>> = { 1: 49, 2: 256 }
const AUTHENTICATOR_LENGTHS: Readonly<Record<TokenType, number>> = { 1: 48, 2: 256 }
