import { assert, type Millis, save } from '@infermesh/kernel'
import {
  DecodeFailed,
  digestOf,
  type Envelope,
  type Message,
  openAs,
  type PeerEffect,
  type PeerServices,
  type Signer,
  toHex,
} from '@infermesh/protocol'
import { contextOf } from '../client/opened-request.ts'
import { Backoff } from './backoff.ts'
import type { FullServingConfig, PublishedModel } from './operator-config.ts'
import { Publication } from './publication.ts'
import { publishedWeights } from './reference-weights.ts'
import { manifestKey, type Release, Replica, weightsKey } from './replica.ts'

/** Call ids and timer keys of this part. */
export const PUBLIC_PREFIX = 'public/'

/** The public models of one operator: those it publishes, and those it serves. */
export class PublicModels {
  readonly #config: FullServingConfig
  readonly #services: PeerServices
  readonly #signer: Signer
  readonly #publications = new Map<string, Publication>()
  readonly #replicas = new Map<string, Replica>()

  constructor(config: FullServingConfig, services: PeerServices, signer: Signer) {
    this.#config = config
    this.#services = services
    this.#signer = signer
  }

  onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): PeerEffect[] {
    const own = new Map<string, Release>()
    const effects: PeerEffect[] = []
    for (const published of this.#config.publishes) effects.push(...this.#publish(published, { saved, own }, now))
    for (const model of this.#config.serves) effects.push(...this.#serve(model, own.get(model) ?? this.#restored(model, saved)))
    return effects
  }

  /** The release that may be executed now. */
  ready(model: string): Release | undefined {
    return this.#replicas.get(PUBLIC_PREFIX + model)?.ready()
  }

  readyModels(): readonly string[] {
    return this.#config.serves.filter((model) => this.ready(model) !== undefined)
  }

  onResponse(callId: string, message: Message): PeerEffect[] {
    return this.#publications.get(callId)?.onResponse(message) ?? this.#replicas.get(callId)?.onResponse(message) ?? []
  }

  onFailed(callId: string): PeerEffect[] {
    return this.#publications.get(callId)?.onFailed() ?? this.#replicas.get(callId)?.onFailed() ?? []
  }

  /** `isNew`: another model can be served from now on. */
  onTimer(key: string): { readonly effects: readonly PeerEffect[]; readonly isNew: boolean } {
    const publication = this.#publications.get(key)
    if (publication !== undefined) return { effects: publication.send(), isNew: false }
    return this.#replicas.get(key)?.onTimer() ?? { effects: [], isNew: false }
  }

  /** The manifest is signed once and kept: another signature would be another release. */
  #publish(
    published: PublishedModel,
    known: { readonly saved: ReadonlyMap<string, Uint8Array>; readonly own: Map<string, Release> },
    now: Millis,
  ): PeerEffect[] {
    const { hash } = this.#services.crypto
    const { weights: recipe, ...terms } = published
    const weights = publishedWeights(hash, recipe)
    const weightsRoot = hash(weights)
    const kept = known.saved.get(ownKey(published.model))
    const root = toHex(weightsRoot)
    const manifest =
      kept === undefined
        ? this.#signer.sign('manifest', { ...terms, visibility: 'public', weightsRoot: root, blob: root, blobBytes: weights.length }, now)
        : this.#open(ownKey(published.model), kept)
    known.own.set(published.model, { manifest, weights, weightsRoot })
    const effects: PeerEffect[] = kept === undefined ? [save(ownKey(published.model), manifest.bytes)] : []
    for (const { peerId } of this.#services.directory.all('hub')) {
      const key = `${PUBLIC_PREFIX}to/${peerId}/${published.model}`
      const publication = new Publication({ key, hub: peerId, manifest, weights, backoff: this.#backoff(key) })
      this.#publications.set(key, publication)
      effects.push(...publication.send())
    }
    return effects
  }

  #serve(model: string, release: Release | undefined): PeerEffect[] {
    const key = PUBLIC_PREFIX + model
    const replica = new Replica({
      ...{ model, key, services: this.#services, backoff: this.#backoff(key) },
      hubs: this.#services.directory.all('hub').map(({ peerId }) => peerId),
      blobBytesMax: this.#config.blobBytesMax,
      loadBytesPerSecond: this.#config.profile.loadBytesPerSecond,
    })
    this.#replicas.set(key, replica)
    return release === undefined ? replica.begin() : replica.load(release)
  }

  /** Absent when the last life ended before the manifest, which is saved last, was on disk. */
  #restored(model: string, saved: ReadonlyMap<string, Uint8Array>): Release | undefined {
    const kept = saved.get(manifestKey(model))
    if (kept === undefined) return undefined
    const manifest = this.#open(manifestKey(model), kept)
    const weights = saved.get(weightsKey(model)) ?? new Uint8Array()
    const { hash } = this.#services.crypto
    assert(
      digestOf(hash, weights) === manifest.payload.blob,
      `the disk is damaged: ${weightsKey(model)} does not hash to its manifest's blob`,
    )
    return { manifest, weights, weightsRoot: hash(weights) }
  }

  #open(key: string, value: Uint8Array): Envelope<'manifest'> {
    try {
      return openAs('manifest', value, contextOf(this.#services))
    } catch (failure) {
      if (failure instanceof DecodeFailed) assert(false, `the disk is damaged: ${key}: ${failure.message}`)
      throw failure
    }
  }

  #backoff(key: string): Backoff {
    return new Backoff(this.#config.retryAfter, this.#services.random.fork(key))
  }
}

const ownKey = (model: string): string => `own-manifest/${model}`
