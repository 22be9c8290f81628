import { type Millis, type PeerId, request } from '@infermesh/kernel'
import type { Envelope, Message, MessageOf } from '@infermesh/protocol'
import type { Call } from './call.ts'
import type { CallBook } from './call-book.ts'
import type { Step } from './step.ts'

export type FetchNews = { readonly type: 'fetched'; readonly blob: Uint8Array } | { readonly type: 'exhausted' }

export interface FetchOptions {
  readonly manifest: Envelope<'manifest'>
  /** Tried in this order; each from the beginning, since only the whole can be checked. */
  readonly sources: readonly PeerId[]
  readonly round: number
  readonly calls: CallBook<Call>
}

const answerWithin: Millis = 5000

/** Brings one sealed blob here, chunk after chunk, from the first source that has it whole. */
export class BlobFetch {
  readonly round: number
  readonly #options: FetchOptions
  readonly #sources: PeerId[]
  readonly #received: Uint8Array
  #offset = 0

  constructor(options: FetchOptions) {
    this.round = options.round
    this.#options = options
    this.#sources = [...options.sources]
    this.#received = new Uint8Array(options.manifest.payload.blobBytes)
  }

  ask(): Step<FetchNews> {
    const { manifest, calls, round } = this.#options
    const [to] = this.#sources
    if (to === undefined) return { effects: [], news: { type: 'exhausted' } }
    const callId = calls.open({ model: manifest.payload.model, part: 'chunk', round })
    const message: Message = { type: 'FetchBlob', blob: manifest.payload.blob, offset: this.#offset }
    return { effects: [request<Message>({ callId, to, stream: 'blob', message, timeout: answerWithin })] }
  }

  onChunk(message: Message | undefined, isWanted: (blob: Uint8Array) => boolean): Step<FetchNews> {
    if (message?.type !== 'BlobChunk' || !this.#fits(message)) return this.#nextSource()
    this.#received.set(message.data, message.offset)
    this.#offset += message.data.length
    if (this.#offset < this.#received.length) return this.ask()
    return isWanted(this.#received) ? { effects: [], news: { type: 'fetched', blob: this.#received } } : this.#nextSource()
  }

  #fits({ offset, total, data }: MessageOf<'BlobChunk'>): boolean {
    return offset === this.#offset && total === this.#received.length && data.length > 0 && offset + data.length <= total
  }

  #nextSource(): Step<FetchNews> {
    this.#sources.shift()
    this.#offset = 0
    return this.ask()
  }
}

/** The part of a kept blob that was asked for, as much as one message carries. */
export function chunkOf(blob: Uint8Array, offset: number, bytesMax: number): MessageOf<'BlobChunk'> {
  return { type: 'BlobChunk', offset, total: blob.length, data: blob.subarray(offset, offset + bytesMax) }
}
