import { assert } from '@infermesh/kernel'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { concat, EMPTY, sequenceNonce } from './bytes.ts'
import { expand, extract } from './hkdf.ts'
import { aeadKeyLength, type HpkePrimitives, NONCE_LENGTH, type SealingAead } from './primitives.ts'

/** Bytes of the nonce that starts a response: 16 for AES-128-GCM, 32 for the others. */
export const responseNonceLength = (aead: SealingAead): number => Math.max(NONCE_LENGTH, aeadKeyLength(aead))

/** What a response's keys are made of: the request's exported secret and encapsulated key. */
export interface ResponseSource {
  readonly aead: SealingAead
  readonly enc: Uint8Array
  readonly secret: Uint8Array
}

/** Seals and opens the messages of one response (RFC 9458 §4.4), by number. A fresh nonce gives fresh keys, even for a replayed request. */
export class ResponseKeys {
  readonly #primitives: HpkePrimitives
  readonly #aead: SealingAead
  readonly #key: Uint8Array
  readonly #nonce: Uint8Array

  constructor(primitives: HpkePrimitives, source: ResponseSource, responseNonce: Uint8Array) {
    assert(
      responseNonce.length === source.secret.length,
      `expected a response nonce of ${source.secret.length} bytes, got ${responseNonce.length}`,
    )
    const root = extract(primitives, concat(source.enc, responseNonce), [source.secret])
    this.#primitives = primitives
    this.#aead = source.aead
    this.#key = expand(primitives, root, [KEY_LABEL], aeadKeyLength(source.aead))
    this.#nonce = expand(primitives, root, [NONCE_LABEL], NONCE_LENGTH)
  }

  seal(sequence: number, plaintext: Uint8Array, aad: Uint8Array = EMPTY): Uint8Array {
    return this.#primitives.seal({ aead: this.#aead, key: this.#key, nonce: sequenceNonce(this.#nonce, sequence), aad }, plaintext)
  }

  open(sequence: number, sealed: Uint8Array, aad: Uint8Array = EMPTY): Uint8Array | undefined {
    return this.#primitives.open({ aead: this.#aead, key: this.#key, nonce: sequenceNonce(this.#nonce, sequence), aad }, sealed)
  }
}

const KEY_LABEL = utf8ToBytes('key')
const NONCE_LABEL = utf8ToBytes('nonce')
