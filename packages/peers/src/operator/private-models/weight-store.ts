import { forget, type Millis, type PeerId, save, setTimer } from '@infermesh/kernel'
import { BLOB_CHUNK_BYTES_MAX, type Envelope, type Message, type MessageOf, type PeerEffect, toHex } from '@infermesh/protocol'
import { Backoff } from '../backoff.ts'
import { BlobFetch, chunkOf } from './blob-fetch.ts'
import type { Call } from './call.ts'
import type { CallBook } from './call-book.ts'
import type { PrivateModelsServices, Temperature } from './config.ts'
import { KeyGathering } from './key-gathering.ts'
import type { HeldLease } from './lease-keeper.ts'
import { type OwnerSecrets, openWeights } from './sealed-weights.ts'
import { quiet, type Step } from './step.ts'

export type StoreNews = { readonly type: 'sealed' } | { readonly type: 'loaded' } | { readonly type: 'keyless' }
type StoreStep = Step<StoreNews>

export interface StoreOptions {
  readonly model: string
  readonly services: PrivateModelsServices
  readonly calls: CallBook<Call>
  readonly loadBytesPerSecond: number
}

/** A manifest that promises more is not fetched. */
const blobBytesMax = 256 * 1024 * 1024
const retryFirst: Millis = 500

/** One private model's bytes at one peer: sealed on disk, plain in memory. Keys are used and let go, never kept. */
export class WeightStore {
  readonly #options: StoreOptions
  readonly #backoff: Backoff
  #sealed: Uint8Array | undefined
  #weights: Uint8Array | undefined
  #loading: Uint8Array | undefined
  #fetch: BlobFetch | undefined
  #gathering: KeyGathering | undefined
  #rounds = 0

  constructor(options: StoreOptions) {
    this.#options = options
    this.#backoff = new Backoff(retryFirst, options.services.random.fork(`lease/fetch/${options.model}`))
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): void {
    this.#sealed = saved.get(this.#savedKey())
  }

  temperature(): Temperature {
    if (this.#weights !== undefined) return 'hot'
    return this.#sealed === undefined ? 'cold' : 'warm'
  }

  /** In memory, ready to serve. */
  weights(): Uint8Array | undefined {
    return this.#weights
  }

  /** The owner has both from the start; it still loads them. */
  own({ sealed, weights }: OwnerSecrets): StoreStep {
    this.#sealed = sealed
    return this.#load(weights)
  }

  chunk(offset: number): MessageOf<'BlobChunk'> | undefined {
    return this.#sealed === undefined ? undefined : chunkOf(this.#sealed, offset, BLOB_CHUNK_BYTES_MAX)
  }

  isFetching(): boolean {
    return this.#fetch !== undefined
  }

  fetch(manifest: Envelope<'manifest'>, sources: readonly PeerId[]): StoreStep {
    if (this.#fetch !== undefined || this.#sealed !== undefined || manifest.payload.blobBytes > blobBytesMax) return quiet
    this.#fetch = new BlobFetch({ manifest, sources, round: this.#rounds++, calls: this.#options.calls })
    return this.#fetched(this.#fetch.ask())
  }

  onChunk(call: Extract<Call, { part: 'chunk' }>, message: Message | undefined, manifest: Envelope<'manifest'>): StoreStep {
    if (this.#fetch?.round !== call.round) return quiet
    const { hash } = this.#options.services.crypto
    return this.#fetched(this.#fetch.onChunk(message, (blob) => toHex(hash(blob)) === manifest.payload.blob))
  }

  isGathering(): boolean {
    return this.#gathering !== undefined || this.#loading !== undefined
  }

  /** Collects the key's shares under this lease. */
  gather(lease: HeldLease): readonly PeerEffect[] {
    const { model, services, calls } = this.#options
    this.#gathering = new KeyGathering({ model, lease, round: this.#rounds++, services, calls })
    return this.#gathering.ask()
  }

  onShare(call: Extract<Call, { part: 'share' }>, message: Message | undefined, manifest: Envelope<'manifest'>): StoreStep {
    const sealed = this.#sealed
    if (this.#gathering?.round !== call.round || sealed === undefined) return quiet
    const { effects, news } = this.#gathering.onShare(call.grantor, message, (key) => this.#open(key, sealed, manifest))
    if (news === undefined) return { effects }
    this.#gathering = undefined
    return news.type === 'opened' ? this.#load(news.weights) : { effects, news: { type: 'keyless' } }
  }

  /** The owner handed the whole key to a hot standby. A wrong key changes nothing. */
  onKey(key: Uint8Array, manifest: Envelope<'manifest'>): StoreStep {
    if (this.#sealed === undefined || this.#weights !== undefined || this.#loading !== undefined) return quiet
    const weights = this.#open(key, this.#sealed, manifest)
    return weights === undefined ? quiet : this.#load(weights)
  }

  onLoaded(): StoreStep {
    if (this.#loading === undefined) return quiet
    this.#weights = this.#loading
    this.#loading = undefined
    return { effects: [], news: { type: 'loaded' } }
  }

  /** Lets the plain weights go, and with `cold` the sealed ones too. */
  cool(to: 'warm' | 'cold'): readonly PeerEffect[] {
    this.#weights = undefined
    this.#loading = undefined
    this.#gathering = undefined
    if (to === 'warm') return []
    this.#fetch = undefined
    const kept = this.#sealed !== undefined
    this.#sealed = undefined
    return kept ? [forget(this.#savedKey())] : []
  }

  #fetched({ effects, news }: ReturnType<BlobFetch['ask']>): StoreStep {
    if (news === undefined) return { effects }
    this.#fetch = undefined
    if (news.type === 'exhausted') return { effects: [...effects, setTimer(`lease/fetch/${this.#options.model}`, this.#backoff.next())] }
    this.#backoff.reset()
    this.#sealed = news.blob
    return { effects: [...effects, save(this.#savedKey(), news.blob)], news: { type: 'sealed' } }
  }

  #open(key: Uint8Array, sealed: Uint8Array, manifest: Envelope<'manifest'>): Uint8Array | undefined {
    return openWeights(this.#options.services.crypto, key, { sealed, manifest })
  }

  #load(weights: Uint8Array): StoreStep {
    const { model, loadBytesPerSecond } = this.#options
    const takes = Math.ceil((weights.length * 1000) / loadBytesPerSecond)
    this.#loading = weights
    return takes > 1 ? { effects: [setTimer(`lease/load/${model}`, takes)] } : this.onLoaded()
  }

  #savedKey(): string {
    return `lease/blob/${this.#options.model}`
  }
}
