import type { Amount, Cryptography, PeerId } from '@infermesh/kernel'
import type { Manifest, Request, Verdict } from './statements/index.ts'
import { encodeCbor } from './wire/cbor.ts'
import { publicKeyOf } from './wire/peer-id.ts'
import { fromHex, toHex } from './wire/schema.ts'

/** Values that several roles compute from the same inputs. They must agree to the bit, so each has its one definition here. */

type Hash = Cryptography['hash']

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let total = 0
  for (const part of parts) total += part.length
  const joined = new Uint8Array(total)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** ASCII only: labels, names. */
export function asciiBytes(label: string): Uint8Array {
  const bytes = new Uint8Array(label.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = label.charCodeAt(index) & 0x7f
  return bytes
}

// What is hashed is mostly short, and needed no longer than its hashing takes.
const scratch = new Uint8Array(4_096)

/** The hash of the parts one after the other. */
export function hashOf(hash: Hash, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) {
    if (length + part.length > scratch.length) return hash(concatBytes(...parts))
    scratch.set(part, length)
    length += part.length
  }
  return hash(scratch.subarray(0, length))
}

export const digestOf = (hash: Hash, ...parts: readonly Uint8Array[]): string => toHex(hashOf(hash, ...parts))

/** The request's name everywhere: it binds the client, so nobody else can use it up. */
export const requestIdOf = (hash: Hash, client: PeerId, request: Pick<Request, 'nonce' | 'bodyHash'>): string =>
  digestOf(hash, publicKeyOf(client), fromHex(request.nonce), fromHex(request.bodyHash))

export const bodyHashOf = (hash: Hash, prompt: Uint8Array): string => digestOf(hash, prompt)

/**
 * A prompt behind 16 random bytes, so that its hash in receipts can't be found by hashing guesses. The mark before them is no UTF-8, so no text
 * is taken for salted.
 */
export const saltedPrompt = (salt: Uint8Array, prompt: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(SALT_MARK), salt, prompt)

/** Bytes before the text of a prompt: those of its salt, if it has one. */
export const saltLengthOf = (prompt: Uint8Array): number => (prompt[0] === SALT_MARK && prompt.length >= SALT_LENGTH ? SALT_LENGTH : 0)

const SALT_MARK = 0xff
const SALT_LENGTH = 17

/** What a model reads of a prompt: all but the salt. */
export const promptTextOf = (prompt: Uint8Array): Uint8Array => prompt.subarray(saltLengthOf(prompt))

/** Over answer tokens, without salt. */
export const tokensHashOf = (hash: Hash, tokens: readonly number[]): string => digestOf(hash, encodeCbor(tokens))

/**
 * Over answer tokens, for output and prefix hashes. The answer to a salted prompt has that salt too: whoever may see the prompt can work
 * the hash out, and nobody else can by trying likely answers.
 */
export function answerHashOf(hash: Hash, prompt: Uint8Array, tokens: readonly number[]): string {
  const salt = prompt.subarray(0, saltLengthOf(prompt))
  return salt.length === 0 ? tokensHashOf(hash, tokens) : digestOf(hash, asciiBytes('answer'), salt, encodeCbor(tokens))
}

/** W3C traceparent of a request that came without one: the trace id is the front of the request id. */
export const traceparentOf = (requestId: string): string => `00-${requestId.slice(0, 32)}-${requestId.slice(32, 48)}-01`

/** What an attestation's user data binds: who, which model, under which epoch. */
export const attestedDataOf = (hash: Hash, subject: PeerId, model: string, epoch: number): string =>
  digestOf(hash, encodeCbor([publicKeyOf(subject), model, epoch]))

/** What an attestation of a gateway's keys binds: these bytes, this gateway, this time. Whoever can write a registry can't swap them. */
export const attestedKeysOf = (
  hash: Hash,
  gateway: PeerId,
  config: { readonly keys: Uint8Array; readonly from: number; readonly until: number },
): string => digestOf(hash, asciiBytes('infermesh-ohttp-v1'), publicKeyOf(gateway), encodeCbor([config.keys, config.from, config.until]))

/** Binds the verifier, so that another's commitment can't be copied. */
export const commitmentOf = (
  hash: Hash,
  verifier: PeerId,
  opening: { readonly verdict: Verdict; readonly evidenceDigest: string; readonly salt: string },
): string =>
  digestOf(
    hash,
    asciiBytes('c'),
    publicKeyOf(verifier),
    asciiBytes(opening.verdict),
    fromHex(opening.evidenceDigest),
    fromHex(opening.salt),
  )

/** Salted with the verifier's key: a verdict can't be made from another's. */
export const evidenceDigestOf = (hash: Hash, verifier: PeerId, tokens: readonly number[]): string =>
  digestOf(hash, publicKeyOf(verifier), encodeCbor(tokens))

/** The price of one stretch, in whole coins, rounded up. The prompt is paid with the stretch that starts the answer. */
export function chargeOf(
  manifest: Pick<Manifest, 'pricePromptPerMillion' | 'priceAnswerPerMillion'>,
  stretch: { readonly promptTokens: number; readonly from: number; readonly to: number },
): Amount {
  const prompt = stretch.from === 0 ? stretch.promptTokens * manifest.pricePromptPerMillion : 0
  return Math.ceil((prompt + (stretch.to - stretch.from) * manifest.priceAnswerPerMillion) / 1_000_000)
}
