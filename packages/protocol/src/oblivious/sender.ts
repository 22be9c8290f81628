import { concat, EMPTY } from './bytes.ts'
import { type ChunkLimits, ChunkOpener, ChunkSealer, chunkLimits } from './chunks.ts'
import type { ObliviousFormat } from './format.ts'
import { encodeHeader, requestInfo } from './header.ts'
import { type HpkeSender, type HpkeTerms, hpkeTerms, setupSender } from './hpke.ts'
import type { KeyConfig } from './key-config.ts'
import type { HpkePrimitives, KeyPair, SealingAead } from './primitives.ts'
import { ResponseKeys, type ResponseSource, responseNonceLength } from './response-keys.ts'
import { fail, type Result, succeed } from './result.ts'

export type OpenCode = 'malformed' | 'decrypt-failed'

export interface SealedRequest {
  readonly message: Uint8Array
  /** Opens the one answer to this request. */
  open(response: Uint8Array): Result<Uint8Array, OpenCode>
}

export interface ChunkedRequest {
  /** Bytes to send first; chunks and the final chunk follow. */
  readonly prefix: Uint8Array
  readonly chunks: ChunkSealer
  /** Opens the chunks of the answer as they arrive. */
  readonly response: ChunkedResponseOpener
}

/** The client's end: seals requests to one gateway key. What does not change between requests is worked out once. */
export class ObliviousSender {
  readonly #primitives: HpkePrimitives
  readonly #recipient: Uint8Array
  readonly #format: ObliviousFormat
  readonly #aead: SealingAead
  readonly #header: Uint8Array
  readonly #terms: HpkeTerms

  constructor(primitives: HpkePrimitives, config: KeyConfig, options: { readonly format: ObliviousFormat; readonly aead: SealingAead }) {
    const header = { keyId: config.keyId, aead: options.aead }
    this.#primitives = primitives
    this.#recipient = config.publicKey
    this.#format = options.format
    this.#aead = options.aead
    this.#header = encodeHeader(header)
    this.#terms = hpkeTerms(primitives, { aead: options.aead, info: requestInfo(options.format.requestLabel, header) })
  }

  /** Seals a whole request. `ephemeral` must never be used for another request, by any client. Fails for a gateway key of low order. */
  seal(request: Uint8Array, ephemeral: KeyPair): Result<SealedRequest, 'bad-key'> {
    const context = setupSender(this.#primitives, this.#terms, { recipient: this.#recipient, ephemeral })
    if (!context.ok) return context
    const sender = context.value
    const message = concat(this.#header, sender.enc, sender.seal(EMPTY, request))
    return succeed({ message, open: (response) => openResponse(this.#primitives, this.#source(sender), response) })
  }

  /** Starts a request in chunks, whose answer comes in chunks too. Needs a chunked format. */
  start(ephemeral: KeyPair, limits: ChunkLimits = chunkLimits): Result<ChunkedRequest, 'bad-key'> {
    const context = setupSender(this.#primitives, this.#terms, { recipient: this.#recipient, ephemeral })
    if (!context.ok) return context
    const sender = context.value
    return succeed({
      prefix: concat(this.#header, sender.enc),
      chunks: new ChunkSealer((chunk, aad) => sender.seal(aad, chunk), limits),
      response: new ChunkedResponseOpener(this.#primitives, this.#source(sender), limits),
    })
  }

  #source(context: HpkeSender): ResponseSource {
    const secret = context.export(this.#format.responseLabel, responseNonceLength(this.#aead))
    return { aead: this.#aead, enc: context.enc, secret }
  }
}

function openResponse(primitives: HpkePrimitives, source: ResponseSource, response: Uint8Array): Result<Uint8Array, OpenCode> {
  const nonceLength = responseNonceLength(source.aead)
  if (response.length < nonceLength)
    return fail('malformed', `sealed response: expected at least ${nonceLength} bytes, got ${response.length}`)
  const keys = new ResponseKeys(primitives, source, response.subarray(0, nonceLength))
  const opened = keys.open(0, response.subarray(nonceLength))
  return opened
    ? succeed(opened)
    : fail('decrypt-failed', `sealed response: ${response.length} bytes do not open as the answer to this request`)
}

/** Reads a chunked answer in pieces of any size. It is complete only when `end` succeeds. */
export class ChunkedResponseOpener {
  readonly #primitives: HpkePrimitives
  readonly #source: ResponseSource
  readonly #limits: ChunkLimits
  #start = EMPTY
  #opener: ChunkOpener | undefined

  constructor(primitives: HpkePrimitives, source: ResponseSource, limits: ChunkLimits) {
    this.#primitives = primitives
    this.#source = source
    this.#limits = limits
  }

  /** The plaintext of the chunks that these bytes completed. */
  push(bytes: Uint8Array) {
    if (this.#opener) return this.#opener.push(bytes)
    const joined = concat(this.#start, bytes)
    const nonceLength = responseNonceLength(this.#source.aead)
    if (joined.length < nonceLength) {
      this.#start = joined
      return succeed([])
    }
    const keys = new ResponseKeys(this.#primitives, this.#source, joined.subarray(0, nonceLength))
    let sequence = 0
    this.#opener = new ChunkOpener((sealed, aad) => keys.open(sequence++, sealed, aad), this.#limits)
    return this.#opener.push(joined.subarray(nonceLength))
  }

  /** Says that the stream ended, and gives the plaintext of the final chunk. */
  end() {
    return this.#opener ? this.#opener.end() : fail('truncated', 'chunked response: ended before its nonce was whole')
  }
}
