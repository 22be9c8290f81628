import { p384_oprf } from '@noble/curves/nist.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, sameBytes } from '../oblivious/bytes.ts'
import { fail, type Result, succeed } from '../oblivious/result.ts'
import { encodeToken, encodeTokenRequest, TOKEN_TYPE, type Token, tokenInput } from './wire.ts'

const EVALUATED_LENGTH = 49
const PROOF_LENGTH = 96
const { voprf } = p384_oprf

/** Random bytes of the asked length, from the caller's seeded source. The same as `secrets` elsewhere: never used twice. */
export type Entropy = (length: number) => Uint8Array

export interface PendingPrivateToken {
  /** 52 bytes, for the issuer. */
  readonly request: Uint8Array
  /** The token, 146 bytes. */
  finish(response: Uint8Array): Result<Uint8Array, 'malformed' | 'bad-proof'>
}

/** Starts to buy a token of type 0x0001 (RFC 9578 §5.1), which only its issuer can verify. `publicKey` is a compressed P-384 point. */
export function requestPrivateToken(
  publicKey: Uint8Array,
  challenge: Uint8Array,
  secrets: { readonly nonce: Uint8Array; readonly entropy: Entropy },
): PendingPrivateToken {
  const draft = { type: TOKEN_TYPE.privatelyVerifiable, nonce: secrets.nonce, challengeDigest: sha256(challenge), keyId: sha256(publicKey) }
  const input = tokenInput(draft)
  const { blind, blinded } = voprf.blind(input, (length = 0) => secrets.entropy(length))
  return {
    request: encodeTokenRequest({ type: draft.type, keyIdTail: draft.keyId[31] ?? 0, blinded }),
    finish: (response) => {
      if (response.length !== EVALUATED_LENGTH + PROOF_LENGTH) {
        return fail('malformed', `token response: expected ${EVALUATED_LENGTH + PROOF_LENGTH} bytes, got ${response.length}`)
      }
      const [evaluated, proof] = [response.subarray(0, EVALUATED_LENGTH), response.subarray(EVALUATED_LENGTH)]
      const authenticator = attempt(() => voprf.finalize(input, blind, evaluated, blinded, publicKey, proof))
      if (!authenticator) return fail('bad-proof', 'token response: the issuer did not use its published key')
      return succeed(encodeToken({ ...draft, authenticator }))
    },
  }
}

/** The issuer's answer to the blinded element of a request: evaluation and proof, 145 bytes. */
export function issuePrivateToken(
  keys: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array },
  blinded: Uint8Array,
  entropy: Entropy,
): Result<Uint8Array, 'malformed'> {
  const answer = attempt(() => voprf.blindEvaluate(keys.secretKey, keys.publicKey, blinded, (length = 0) => entropy(length)))
  return answer ? succeed(concat(answer.evaluated, answer.proof)) : fail('malformed', 'token request: expected a point of P-384')
}

/**
 * Whether the holder of this key pair issued the token: it buys the same token from itself and compares. The blinding cancels out, so
 * its factor may be fixed.
 */
export function verifyPrivateToken(keys: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array }, token: Token): boolean {
  if (token.type !== TOKEN_TYPE.privatelyVerifiable) return false
  const input = tokenInput(token)
  const { blind, blinded } = voprf.blind(input, fixedEntropy)
  const { evaluated, proof } = voprf.blindEvaluate(keys.secretKey, keys.publicKey, blinded, fixedEntropy)
  return sameBytes(voprf.finalize(input, blind, evaluated, blinded, keys.publicKey, proof), token.authenticator)
}

const fixedEntropy = (length = 0): Uint8Array => new Uint8Array(length).fill(1)

/** The library throws on points and proofs that are not valid, which here come from the other peer. */
function attempt<Value>(compute: () => Value): Value | undefined {
  try {
    return compute()
  } catch (error) {
    if (error instanceof Error) return undefined
    throw error
  }
}
