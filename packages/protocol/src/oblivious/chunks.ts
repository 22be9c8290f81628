import { assert } from '@infermesh/kernel'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { ByteQueue } from './bhttp/byte-queue.ts'
import { concat, EMPTY } from './bytes.ts'
import { TAG_LENGTH } from './primitives.ts'
import { type Failed, fail, type Result, succeed } from './result.ts'
import { encodeVarint } from './varint.ts'

export type ChunkCode = 'malformed' | 'too-large' | 'decrypt-failed' | 'truncated'

export interface ChunkLimits {
  /** Plaintext bytes of one chunk; every receiver takes 16,384 (draft-ietf-ohai-chunked-ohttp-08 §3). */
  readonly chunk: number
  /** Plaintext bytes of all chunks together that are taken in. */
  readonly total: number
}

export const chunkLimits: ChunkLimits = { chunk: 16384, total: 16777216 }

/** Turns a stream of plaintext into sealed chunks, each after its length; the last has length 0 and is sealed as the last. */
export class ChunkSealer {
  readonly #seal: (chunk: Uint8Array, aad: Uint8Array) => Uint8Array
  readonly #limits: ChunkLimits
  #finished = false

  constructor(seal: (chunk: Uint8Array, aad: Uint8Array) => Uint8Array, limits: ChunkLimits) {
    this.#seal = seal
    this.#limits = limits
  }

  /** As many chunks as the size limit needs; none for no bytes, since an empty chunk may only be the last. */
  push(plaintext: Uint8Array): Uint8Array {
    assert(!this.#finished, 'expected no chunk after the final one')
    const parts: Uint8Array[] = []
    for (let offset = 0; offset < plaintext.length; offset += this.#limits.chunk) {
      const sealed = this.#seal(plaintext.subarray(offset, offset + this.#limits.chunk), EMPTY)
      parts.push(encodeVarint(sealed.length), sealed)
    }
    return concat(...parts)
  }

  /** The end of the stream, with up to one chunk of plaintext in it. */
  finish(plaintext: Uint8Array = EMPTY): Uint8Array {
    assert(plaintext.length <= this.#limits.chunk, `expected a final chunk of at most ${this.#limits.chunk} bytes, got ${plaintext.length}`)
    assert(!this.#finished, 'expected one final chunk')
    this.#finished = true
    return concat(encodeVarint(0), this.#seal(plaintext, FINAL))
  }
}

/**
 * Reads sealed chunks from pieces of any size. The final chunk has no length: it is what is left when the stream ends, so only `end`
 * can tell a whole message from a cut one. The first failure is final.
 */
export class ChunkOpener {
  readonly #open: (sealed: Uint8Array, aad: Uint8Array) => Uint8Array | undefined
  readonly #limits: ChunkLimits
  readonly #queue = new ByteQueue()
  #failure: Failed<ChunkCode> | undefined
  #state: 'length' | 'chunk' | 'final' | 'ended' = 'length'
  #length = 0
  #total = 0
  #opened = 0

  constructor(open: (sealed: Uint8Array, aad: Uint8Array) => Uint8Array | undefined, limits: ChunkLimits) {
    this.#open = open
    this.#limits = limits
  }

  push(bytes: Uint8Array): Result<readonly Uint8Array[], ChunkCode> {
    assert(this.#state !== 'ended', 'expected no bytes after the end of the stream')
    if (this.#failure) return this.#failure
    this.#queue.push(bytes)
    const opened: Uint8Array[] = []
    while (this.#step(opened));
    return this.#failure ?? succeed(opened)
  }

  end(): Result<Uint8Array, ChunkCode> {
    if (this.#failure) return this.#failure
    if (this.#state !== 'final') return this.#fail('truncated', 'the stream ended before its final chunk')
    this.#state = 'ended'
    const plaintext = this.#openChunk(this.#queue.take(this.#queue.left()) ?? EMPTY, FINAL)
    return this.#failure ?? succeed(plaintext ?? EMPTY)
  }

  /** Whether any chunk has opened yet. */
  openedAny(): boolean {
    return this.#opened > 0
  }

  #step(opened: Uint8Array[]): boolean {
    if (this.#state === 'length') return this.#readLength()
    if (this.#state === 'final') {
      if (this.#queue.left() > this.#limits.chunk + TAG_LENGTH) this.#fail('too-large', `a final chunk over ${this.#limits.chunk} bytes`)
      return false
    }
    const sealed = this.#queue.take(this.#length)
    if (!sealed) return false
    const plaintext = this.#openChunk(sealed, EMPTY)
    if (!plaintext) return false
    // An empty chunk that is not the last would let a sender pad the stream with nothing for ever.
    if (plaintext.length === 0) this.#fail('decrypt-failed', 'an empty chunk that is not the final one')
    else opened.push(plaintext)
    this.#state = 'length'
    return !this.#failure
  }

  #readLength(): boolean {
    const length = this.#queue.varint()
    if (length === undefined) return false
    if (length > this.#limits.chunk + TAG_LENGTH) {
      this.#fail('too-large', `a chunk of ${length} bytes, at most ${this.#limits.chunk + TAG_LENGTH} are read`)
      return false
    }
    this.#length = length
    this.#state = length === 0 ? 'final' : 'chunk'
    return true
  }

  #openChunk(sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#open(sealed, aad)
    if (!plaintext) {
      this.#fail('decrypt-failed', `a ${aad === FINAL ? 'final ' : ''}chunk of ${sealed.length} bytes does not open`)
      return undefined
    }
    this.#opened += 1
    this.#total += plaintext.length
    if (this.#total > this.#limits.total) this.#fail('too-large', `chunks over ${this.#limits.total} bytes together`)
    return plaintext
  }

  #fail(code: ChunkCode, detail: string): Failed<ChunkCode> {
    this.#failure ??= fail(code, `chunked message: ${detail}`)
    return this.#failure
  }
}

const FINAL = utf8ToBytes('final')
