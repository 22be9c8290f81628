import { emit, type Millis, type PeerId, request, save, setTimer } from '@infermesh/kernel'
import { digestOf, type Envelope, type Message, type MessageOf, type PeerEffect, type PeerServices } from '@infermesh/protocol'
import { openNested } from '../client/opened-request.ts'
import type { Backoff } from './backoff.ts'

export interface ReplicaOptions {
  readonly model: string
  /** Call id and timer key of this replica. */
  readonly key: string
  readonly hubs: readonly PeerId[]
  readonly blobBytesMax: number
  readonly loadBytesPerSecond: number
  readonly services: PeerServices
  readonly backoff: Backoff
}

export interface Release {
  readonly manifest: Envelope<'manifest'>
  readonly weights: Uint8Array
  /** SHA-256 of the weights that are here, 32 bytes. */
  readonly weightsRoot: Uint8Array
}

type State =
  | { readonly state: 'asking' }
  | { readonly state: 'fetching'; readonly manifest: Envelope<'manifest'>; readonly bytes: Uint8Array; received: number }
  | { readonly state: 'loading'; readonly release: Release }
  | { readonly state: 'ready'; readonly release: Release }

/** A public model on its way to being served here: manifest, blob, check, load. Nothing that fails the check is kept. */
export class Replica {
  readonly #options: ReplicaOptions
  #state: State = { state: 'asking' }
  #hub = 0

  constructor(options: ReplicaOptions) {
    this.#options = options
  }

  /** What may be executed, once it is loaded. */
  ready(): Release | undefined {
    return this.#state.state === 'ready' ? this.#state.release : undefined
  }

  begin(): PeerEffect[] {
    this.#state = { state: 'asking' }
    return this.#ask('fetch', { type: 'FetchManifest', model: this.#options.model })
  }

  /** From the own disk or the own upload: only the loading is left. */
  load(release: Release): PeerEffect[] {
    this.#state = { state: 'loading', release }
    return [setTimer(this.#options.key, Math.ceil((release.weights.length * 1000) / this.#options.loadBytesPerSecond))]
  }

  onResponse(message: Message): PeerEffect[] {
    if (message.type === 'ManifestFound' && this.#state.state === 'asking') return this.#onManifest(message)
    if (message.type === 'BlobChunk' && this.#state.state === 'fetching') return this.#onChunk(message, this.#state)
    return this.#again()
  }

  onFailed(): PeerEffect[] {
    return this.#again()
  }

  /** Effects, and whether the model has just become ready. */
  onTimer(): { readonly effects: readonly PeerEffect[]; readonly isNew: boolean } {
    if (this.#state.state === 'ready') return { effects: [], isNew: false }
    if (this.#state.state !== 'loading') return { effects: this.begin(), isNew: false }
    const { release } = this.#state
    this.#state = { state: 'ready', release }
    const { model, weightsRoot } = release.manifest.payload
    return { effects: [emit({ type: 'modelReady', model, state: 'public', weightsRoot })], isNew: true }
  }

  #onManifest(message: MessageOf<'ManifestFound'>): PeerEffect[] {
    const { services, model, blobBytesMax } = this.#options
    const opened = openNested('manifest', message.manifest, services)
    if (!opened.ok) return this.#blame('manifest', opened.refusal.detail)
    const { signer, payload } = opened.value
    if (!services.directory.has(signer, 'operator')) return this.#blame('manifest', 'not signed by an operator')
    if (payload.model !== model) return this.#blame('manifest', `asked for ${model}, got ${payload.model}`)
    if (payload.visibility !== 'public' || payload.blob !== payload.weightsRoot) return this.#blame('manifest', 'not a public model')
    if (payload.blobBytes > blobBytesMax) return this.#blame('manifest', `a blob of ${payload.blobBytes} bytes is above ${blobBytesMax}`)
    this.#state = { state: 'fetching', manifest: opened.value, bytes: new Uint8Array(payload.blobBytes), received: 0 }
    return this.#ask('blob', { type: 'FetchBlob', blob: payload.blob, offset: 0 })
  }

  #onChunk(chunk: MessageOf<'BlobChunk'>, fetching: Extract<State, { readonly state: 'fetching' }>): PeerEffect[] {
    const { bytes, received, manifest } = fetching
    const fits = chunk.offset === received && chunk.total === bytes.length && received + chunk.data.length <= bytes.length
    if (!fits || (chunk.data.length === 0 && received < bytes.length)) return this.#blame('blob', `not the chunk at ${received}`)
    bytes.set(chunk.data, received)
    fetching.received = received + chunk.data.length
    const { blob, model } = manifest.payload
    if (fetching.received < bytes.length) return this.#ask('blob', { type: 'FetchBlob', blob, offset: fetching.received })
    const { hash } = this.#options.services.crypto
    const found = digestOf(hash, bytes)
    if (found !== blob) return this.#blame('blob', `expected bytes with hash ${blob}, found ${found}`)
    const kept = [save(weightsKey(model), bytes), save(manifestKey(model), manifest.bytes)]
    return [...kept, ...this.load({ manifest, weights: bytes, weightsRoot: hash(bytes) })]
  }

  #ask(stream: string, message: Message): PeerEffect[] {
    const { hubs, key } = this.#options
    const to = hubs[this.#hub % hubs.length]
    return to === undefined ? [] : [request({ callId: key, to, stream, message, timeout: ANSWER_WITHIN })]
  }

  #blame(what: string, reason: string): PeerEffect[] {
    const { hubs, model } = this.#options
    const from = hubs[this.#hub % hubs.length]
    const blamed = from === undefined ? [] : [emit({ type: 'refusedInput', from, what: `${what} of ${model}`, reason } as const)]
    return [...blamed, ...this.#again()]
  }

  #again(): PeerEffect[] {
    this.#hub++
    this.#state = { state: 'asking' }
    return [setTimer(this.#options.key, this.#options.backoff.next())]
  }
}

export const weightsKey = (model: string): string => `public-weights/${model}`
/** Saved after the weights: where it is, they are whole. */
export const manifestKey = (model: string): string => `public-manifest/${model}`
const ANSWER_WITHIN: Millis = 10_000
