import { type Millis, type PeerId, request, setTimer } from '@infermesh/kernel'
import { BLOB_CHUNK_BYTES_MAX, type Envelope, type Message, type PeerEffect } from '@infermesh/protocol'
import type { Backoff } from './backoff.ts'

export interface PublicationOptions {
  /** Call id and timer key of this upload. */
  readonly key: string
  readonly hub: PeerId
  readonly manifest: Envelope<'manifest'>
  readonly weights: Uint8Array
  readonly backoff: Backoff
}

/** Brings one release to one hub: the blob chunk by chunk, then the manifest. Tries until the hub has it. */
export class Publication {
  readonly #options: PublicationOptions
  #received = 0
  #published = false

  constructor(options: PublicationOptions) {
    this.#options = options
  }

  isDone(): boolean {
    return this.#published
  }

  send(): PeerEffect[] {
    const { key, hub, manifest, weights } = this.#options
    const { blob } = manifest.payload
    const offset = this.#received
    const data = weights.subarray(offset, offset + BLOB_CHUNK_BYTES_MAX)
    const message: Message =
      offset < weights.length
        ? { type: 'PutChunk', blob, offset, total: weights.length, data }
        : { type: 'Publish', manifest: manifest.bytes }
    return [request({ callId: key, to: hub, stream: 'blob', message, timeout: ANSWER_WITHIN })]
  }

  onResponse(message: Message): PeerEffect[] {
    if (message.type !== 'Stored') return this.onFailed()
    this.#options.backoff.reset()
    const wasWhole = this.#received >= this.#options.weights.length
    this.#received = Math.min(message.received, this.#options.weights.length)
    if (wasWhole && this.#received >= this.#options.weights.length) {
      this.#published = true
      return []
    }
    return this.send()
  }

  /** The hub may have lost the beginning in a crash, so the upload starts anew; what it has, it confirms at once. */
  onFailed(): PeerEffect[] {
    this.#received = 0
    return [setTimer(this.#options.key, this.#options.backoff.next())]
  }
}

const ANSWER_WITHIN: Millis = 10_000
