import { type Millis, request } from '@infermesh/kernel'
import type { Envelope, Message, PeerEffect, PeerServices } from '@infermesh/protocol'
import { openNested } from '../client/opened-request.ts'

/** Call ids of this part. */
export const SEARCH_PREFIX = 'manifest/'
const ANSWER_WITHIN: Millis = 3_000

export type SearchStep =
  | { readonly state: 'asking'; readonly effects: readonly PeerEffect[] }
  | { readonly state: 'found'; readonly model: string; readonly manifest: Envelope<'manifest'> }
  | { readonly state: 'missing'; readonly model: string }

/** Asks the hubs, one after the other, for a manifest that gossip has not brought. */
export class ManifestSearch {
  readonly #services: PeerServices
  /** Hubs asked so far, for each model that is looked for. */
  readonly #asked = new Map<string, number>()

  constructor(services: PeerServices) {
    this.#services = services
  }

  start(model: string): SearchStep {
    if (this.#asked.has(model)) return { state: 'asking', effects: [] }
    return this.#ask(model)
  }

  onResponse(callId: string, message: Message): SearchStep {
    const model = callId.slice(SEARCH_PREFIX.length)
    if (message.type !== 'ManifestFound') return this.#ask(model)
    const opened = openNested('manifest', message.manifest, this.#services)
    const isIts = opened.ok && opened.value.payload.model === model && this.#services.directory.has(opened.value.signer, 'operator')
    if (!isIts) return this.#ask(model)
    this.#asked.delete(model)
    return { state: 'found', model, manifest: opened.value }
  }

  onFailed(callId: string): SearchStep {
    return this.#ask(callId.slice(SEARCH_PREFIX.length))
  }

  #ask(model: string): SearchStep {
    const asked = this.#asked.get(model) ?? 0
    const hub = this.#services.directory.all('hub')[asked]
    if (hub === undefined) {
      this.#asked.delete(model)
      return { state: 'missing', model }
    }
    this.#asked.set(model, asked + 1)
    const call = { callId: SEARCH_PREFIX + model, to: hub.peerId, stream: 'fetch', timeout: ANSWER_WITHIN }
    return { state: 'asking', effects: [request({ ...call, message: { type: 'FetchManifest', model } } as const)] }
  }
}
