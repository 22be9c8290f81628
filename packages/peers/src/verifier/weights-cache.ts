import { type Millis, type PeerId, request, save } from '@infermesh/kernel'
import { concatBytes, digestOf, type Message, type PeerEffect, type PeerServices } from '@infermesh/protocol'

const PREFIX = 'weights/'
const CHUNK_TIMEOUT: Millis = 5_000

interface Fetch {
  readonly blob: string
  readonly parts: Uint8Array[]
  received: number
  source: number
}

/** What a blob turned out to be. */
export interface Fetched {
  readonly effects: readonly PeerEffect[]
  /** Set once the fetch is over: whether the weights are here now. */
  readonly ended?: { readonly blob: string; readonly isHere: boolean }
}

/** Weights of public models, fetched from the hub by content id, checked and kept. */
export class WeightsCache {
  readonly #hubs: readonly PeerId[]
  readonly #services: PeerServices
  readonly #bytesMax: number
  readonly #here = new Map<string, Uint8Array>()
  readonly #fetches = new Map<string, Fetch>()

  constructor(bytesMax: number, services: PeerServices) {
    this.#bytesMax = bytesMax
    this.#services = services
    this.#hubs = services.directory.all('hub').map(({ peerId }) => peerId)
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): void {
    for (const [key, weights] of saved) if (key.startsWith(PREFIX)) this.#here.set(key.slice(PREFIX.length), weights)
  }

  has(blob: string): boolean {
    return this.#here.has(blob)
  }

  /** The bytes, for an engine that runs them. */
  get(blob: string): Uint8Array | undefined {
    return this.#here.get(blob)
  }

  owns(callId: string): boolean {
    return callId.startsWith(PREFIX)
  }

  fetch(blob: string): Fetched {
    if (this.#fetches.has(blob)) return { effects: [] }
    const fetch: Fetch = { blob, parts: [], received: 0, source: 0 }
    this.#fetches.set(blob, fetch)
    return this.#ask(fetch)
  }

  onResponse(callId: string, message: Message): Fetched {
    const fetch = this.#fetches.get(callId.slice(PREFIX.length))
    if (fetch === undefined) return { effects: [] }
    const isNext = message.type === 'BlobChunk' && message.offset === fetch.received && message.data.length > 0
    if (!isNext || message.total > this.#bytesMax) return this.#elsewhere(fetch)
    fetch.parts.push(message.data)
    fetch.received += message.data.length
    return fetch.received < message.total ? this.#ask(fetch) : this.#finish(fetch)
  }

  onFailed(callId: string): Fetched {
    const fetch = this.#fetches.get(callId.slice(PREFIX.length))
    return fetch === undefined ? { effects: [] } : this.#elsewhere(fetch)
  }

  #finish(fetch: Fetch): Fetched {
    const weights = concatBytes(...fetch.parts)
    if (digestOf(this.#services.crypto.hash, weights) !== fetch.blob) return this.#elsewhere(fetch)
    this.#fetches.delete(fetch.blob)
    this.#here.set(fetch.blob, weights)
    return { effects: [save(PREFIX + fetch.blob, weights)], ended: { blob: fetch.blob, isHere: true } }
  }

  /** From the start at the next hub; after the last one the weights are not to be had. */
  #elsewhere(fetch: Fetch): Fetched {
    fetch.source++
    fetch.parts.length = 0
    fetch.received = 0
    return this.#ask(fetch)
  }

  #ask(fetch: Fetch): Fetched {
    const { blob } = fetch
    const to = this.#hubs[fetch.source]
    if (to === undefined) {
      this.#fetches.delete(blob)
      return { effects: [], ended: { blob, isHere: false } }
    }
    const message = { type: 'FetchBlob', blob, offset: fetch.received } as const
    return { effects: [request({ callId: PREFIX + blob, to, stream: 'blob', message, timeout: CHUNK_TIMEOUT })] }
  }
}
