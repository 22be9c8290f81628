import { type Millis, type PeerId, request } from '@infermesh/kernel'
import type { Envelope, Message, PeerEffect, PeerServices } from '@infermesh/protocol'
import { openNested } from './opened-request.ts'

/** Call ids of this part. */
export const PRICE_PREFIX = 'price/'

/** Manifests of the models that were asked for: they say what an answer costs, and what a receipt must name. */
export class PriceBook {
  readonly #services: PeerServices
  readonly #known = new Map<string, Envelope<'manifest'>>()
  readonly #asking = new Set<string>()

  constructor(services: PeerServices) {
    this.#services = services
  }

  get(model: string): Envelope<'manifest'> | undefined {
    return this.#known.get(model)
  }

  /** Asks for a manifest that is not here. An answer that fails is asked for again with the next request. */
  learn(model: string, from: PeerId): PeerEffect[] {
    if (this.#known.has(model) || this.#asking.has(model) || this.#asking.size >= ASKING_MAX) return []
    this.#asking.add(model)
    const call = { callId: PRICE_PREFIX + model, to: from, stream: 'fetch', timeout: ANSWER_WITHIN }
    return [request({ ...call, message: { type: 'FetchManifest', model } } as const)]
  }

  onResponse(callId: string, message: Message): void {
    const model = callId.slice(PRICE_PREFIX.length)
    this.#asking.delete(model)
    if (message.type !== 'ManifestFound') return
    const opened = openNested('manifest', message.manifest, this.#services)
    if (!opened.ok || opened.value.payload.model !== model || !this.#services.directory.has(opened.value.signer, 'operator')) return
    this.#known.set(model, opened.value)
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.keys().next().value as string)
  }

  /** It may be wrong: the next request asks for it again. */
  forget(model: string): void {
    this.#known.delete(model)
  }

  onFailed(callId: string): void {
    this.#asking.delete(callId.slice(PRICE_PREFIX.length))
  }
}

const ASKING_MAX = 16
const KNOWN_MAX = 256
const ANSWER_WITHIN: Millis = 5_000
