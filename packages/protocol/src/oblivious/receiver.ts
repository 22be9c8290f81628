import type { Millis } from '@infermesh/kernel'
import { concat, EMPTY } from './bytes.ts'
import { type ChunkCode, type ChunkLimits, ChunkOpener, ChunkSealer, chunkLimits } from './chunks.ts'
import type { ObliviousFormat } from './format.ts'
import { decodeHeader, HEADER_LENGTH, PREFIX_LENGTH, type RequestHeader, requestInfo } from './header.ts'
import { type HpkeRecipient, type HpkeTerms, hpkeTerms, setupRecipient } from './hpke.ts'
import type { KeyRing } from './key-ring.ts'
import type { HpkePrimitives } from './primitives.ts'
import { ResponseKeys, responseNonceLength } from './response-keys.ts'
import { fail, type Result, succeed } from './result.ts'

/** Why a sealed request was not opened. Whatever the code, the answer goes back unprotected: nothing was learned of the content. */
export type SealedRequestCode = 'malformed' | 'unknown-suite' | 'unknown-key' | 'decrypt-failed'

/** A request that opened, and the means to answer it. */
export interface OpenedRequest {
  readonly request: Uint8Array
  readonly exchange: Exchange
}

/** One opened request's keys. `enc` with `keyId` names the request, for replay. */
export interface Exchange {
  readonly keyId: number
  readonly enc: Uint8Array
  /** Bytes of a fresh response nonce: 16 or 32. */
  readonly nonceLength: number
  seal(response: Uint8Array, responseNonce: Uint8Array): Uint8Array
  /** Starts an answer in chunks; `prefix` goes first. */
  start(responseNonce: Uint8Array): { readonly prefix: Uint8Array; readonly chunks: ChunkSealer }
}

/** The gateway's end: opens requests sealed to any key of the ring. */
export class ObliviousReceiver {
  readonly #primitives: HpkePrimitives
  readonly #ring: KeyRing
  readonly #format: ObliviousFormat
  readonly #terms = new Map<string, HpkeTerms>()

  constructor(primitives: HpkePrimitives, ring: KeyRing, format: ObliviousFormat) {
    this.#primitives = primitives
    this.#ring = ring
    this.#format = format
  }

  open(message: Uint8Array, now: Millis): Result<OpenedRequest, SealedRequestCode> {
    const setup = this.#setUp(message, now)
    if (!setup.ok) return setup
    const { context, exchange } = setup.value
    const request = context.open(EMPTY, message.subarray(PREFIX_LENGTH))
    return request.ok ? succeed({ request: request.value, exchange }) : request
  }

  /** Starts to read a request in chunks. */
  start(now: Millis, limits: ChunkLimits = chunkLimits): ChunkedRequestOpener {
    return new ChunkedRequestOpener((prefix) => this.#setUp(prefix, now), limits)
  }

  #setUp(message: Uint8Array, now: Millis): Result<RequestSetup, SealedRequestCode> {
    const header = decodeHeader(message)
    if (!header.ok) return header
    const key = this.#ring.find(header.value.keyId, now)
    if (!key) return fail('unknown-key', `sealed request: no key with id ${header.value.keyId}; fetch the gateway's keys again`)
    if (!key.config.aeads.includes(header.value.aead)) {
      return fail('unknown-suite', `sealed request: key ${header.value.keyId} does not take AEAD ${header.value.aead}`)
    }
    const enc = new Uint8Array(message.subarray(HEADER_LENGTH, PREFIX_LENGTH))
    const setup = setupRecipient(this.#primitives, this.#termsOf(header.value), { recipient: key.keyPair, enc })
    // A key of low order gets the answer of any other message that does not open.
    if (!setup.ok) return fail('decrypt-failed', `sealed request: ${setup.detail}`)
    return succeed({ context: setup.value, exchange: this.#exchange(setup.value, header.value, enc) })
  }

  #termsOf(header: RequestHeader): HpkeTerms {
    const name = `${header.keyId}/${header.aead}`
    const known = this.#terms.get(name)
    if (known) return known
    const terms = hpkeTerms(this.#primitives, { aead: header.aead, info: requestInfo(this.#format.requestLabel, header) })
    this.#terms.set(name, terms)
    return terms
  }

  #exchange(context: HpkeRecipient, header: RequestHeader, enc: Uint8Array): Exchange {
    const nonceLength = responseNonceLength(header.aead)
    const keysFor = (responseNonce: Uint8Array) => {
      const secret = context.export(this.#format.responseLabel, nonceLength)
      return new ResponseKeys(this.#primitives, { aead: header.aead, enc, secret }, responseNonce)
    }
    return {
      keyId: header.keyId,
      enc,
      nonceLength,
      seal: (response, responseNonce) => concat(responseNonce, keysFor(responseNonce).seal(0, response)),
      start: (responseNonce) => {
        const keys = keysFor(responseNonce)
        let sequence = 0
        return { prefix: responseNonce, chunks: new ChunkSealer((chunk, aad) => keys.seal(sequence++, chunk, aad), chunkLimits) }
      },
    }
  }
}

interface RequestSetup {
  readonly context: HpkeRecipient
  readonly exchange: Exchange
}

/** Reads a chunked request in pieces of any size. It is complete only when `end` succeeds. */
export class ChunkedRequestOpener {
  readonly #setUp: (prefix: Uint8Array) => Result<RequestSetup, SealedRequestCode>
  readonly #limits: ChunkLimits
  #start = EMPTY
  #opener: ChunkOpener | undefined
  #exchange: Exchange | undefined
  #failure: Result<never, SealedRequestCode> | undefined

  constructor(setUp: (prefix: Uint8Array) => Result<RequestSetup, SealedRequestCode>, limits: ChunkLimits) {
    this.#setUp = setUp
    this.#limits = limits
  }

  push(bytes: Uint8Array): Result<readonly Uint8Array[], SealedRequestCode | ChunkCode> {
    if (this.#failure) return this.#failure
    if (this.#opener) return this.#opener.push(bytes)
    const joined = concat(this.#start, bytes)
    if (joined.length < PREFIX_LENGTH) {
      this.#start = joined
      return succeed([])
    }
    const setup = this.#setUp(joined)
    if (!setup.ok) {
      this.#failure = setup
      return setup
    }
    const { context, exchange } = setup.value
    this.#exchange = exchange
    this.#opener = new ChunkOpener((sealed, aad) => {
      const opened = context.open(aad, sealed)
      return opened.ok ? opened.value : undefined
    }, this.#limits)
    return this.#opener.push(joined.subarray(PREFIX_LENGTH))
  }

  /** Says that the stream ended, and gives the plaintext of the final chunk. */
  end(): Result<Uint8Array, SealedRequestCode | ChunkCode> {
    if (this.#failure) return this.#failure
    return this.#opener ? this.#opener.end() : fail('truncated', 'chunked request: ended before its header was whole')
  }

  /** The keys to answer with, once a first chunk opened: before that, nobody has shown to know the gateway's key. */
  exchange(): Exchange | undefined {
    return this.#opener?.openedAny() ? this.#exchange : undefined
  }
}
