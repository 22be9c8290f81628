import { assert, assertNever, emit, type Millis, type PeerId, publish, respond, save, setTimer, subscribe } from '@infermesh/kernel'
import {
  BLOB_CHUNK_BYTES_MAX,
  DecodeFailed,
  digestOf,
  type Envelope,
  type MessageOf,
  openAs,
  type PeerEffect,
  type PeerInput,
  type PeerMachine,
  type PeerServices,
} from '@infermesh/protocol'
import { admit } from '../admission.ts'
import { contextOf, openNested } from '../client/opened-request.ts'
import { type Refusal, refused } from '../client/refusal.ts'
import { ManifestList } from '../gateway/manifest-list.ts'
import { Uploads } from './uploads.ts'

/** JSON-safe. */
export interface HubConfig {
  /** Largest blob, in bytes. */
  readonly blobBytesMax?: number
  readonly uploads?: number
  /** Models kept; a publication beyond it is refused. */
  readonly models?: number
  /** How often manifests are gossiped anew, for peers that came later. */
  readonly announceEvery?: Millis
}

export const hubDefaults = { blobBytesMax: 256 * 1024 * 1024, uploads: 16, models: 4096, announceEvery: 15_000 } as const

/** The Model Hub: keeps public releases by content id and tells everyone about them. */
export const createHub = (config: HubConfig, services: PeerServices): PeerMachine => new Hub({ ...hubDefaults, ...config }, services)

type RequestInput = Extract<PeerInput, { readonly type: 'request' }>

class Hub implements PeerMachine {
  readonly #config: Required<HubConfig>
  readonly #services: PeerServices
  readonly #uploads: Uploads
  readonly #blobs = new Map<string, Uint8Array>()
  readonly #published = new Map<string, Envelope<'manifest'>>()
  /** Manifests of private models, by hearsay, so that a gateway that starts late can ask. */
  readonly #heard: ManifestList

  constructor(config: Required<HubConfig>, services: PeerServices) {
    this.#config = config
    this.#services = services
    this.#uploads = new Uploads(config)
    this.#heard = new ManifestList(config.models)
  }

  validate(topic: string, envelope: Envelope): 'accept' | 'reject' | 'ignore' {
    return admit(this.#services.directory, topic, envelope)
  }

  handle(input: PeerInput, _now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return this.#onStarted(input.saved)
      case 'request':
        return this.#onRequest(input)
      case 'gossip':
        if (input.envelope.type === 'manifest' && input.envelope.payload.visibility === 'private') this.#heard.add(input.envelope)
        return []
      case 'timer':
        return this.#announce()
      case 'cancelled':
      case 'response':
      case 'failed':
      case 'peerLost':
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  #onStarted(saved: ReadonlyMap<string, Uint8Array>): PeerEffect[] {
    for (const [key, value] of saved) {
      if (key.startsWith(BLOB_PREFIX)) this.#restoreBlob(key, value)
      if (key.startsWith(MANIFEST_PREFIX)) this.#restoreManifest(key, value)
    }
    return [subscribe('models'), ...this.#announce()]
  }

  #restoreBlob(key: string, value: Uint8Array): void {
    const blob = key.slice(BLOB_PREFIX.length)
    assert(digestOf(this.#services.crypto.hash, value) === blob, `the disk is damaged: ${key} does not hash to its name`)
    this.#blobs.set(blob, value)
  }

  #restoreManifest(key: string, value: Uint8Array): void {
    try {
      const manifest = openAs('manifest', value, contextOf(this.#services))
      this.#published.set(manifest.payload.model, manifest)
    } catch (failure) {
      if (failure instanceof DecodeFailed) assert(false, `the disk is damaged: ${key}: ${failure.message}`)
      throw failure
    }
  }

  #onRequest({ id, from, message }: RequestInput): readonly PeerEffect[] {
    switch (message.type) {
      case 'PutChunk':
        return this.#onChunk(id, from, message)
      case 'Publish':
        return this.#onPublish(id, from, message)
      case 'FetchManifest':
        return [this.#manifest(id, message.model)]
      case 'FetchBlob':
        return this.#blobChunk(id, from, message)
      default:
        return [refusal(id, { code: 'bad-request', detail: `the hub does not answer ${message.type}` })]
    }
  }

  #onChunk(id: string, from: PeerId, chunk: MessageOf<'PutChunk'>): PeerEffect[] {
    if (!this.#services.directory.has(from, 'operator')) return [refusal(id, notAnOperator)]
    const known = this.#blobs.get(chunk.blob)
    if (known !== undefined) return [respond(id, { type: 'Stored', received: known.length })]
    const outcome = this.#uploads.put(from, chunk)
    if (outcome.state === 'refused') return [refusal(id, outcome.refusal)]
    if (outcome.state === 'received') return [respond(id, { type: 'Stored', received: outcome.received })]
    const found = digestOf(this.#services.crypto.hash, outcome.bytes)
    if (found !== chunk.blob) return [refusal(id, { code: 'hash-mismatch', detail: `promised ${chunk.blob}, the bytes hash to ${found}` })]
    this.#blobs.set(chunk.blob, outcome.bytes)
    return [save(BLOB_PREFIX + chunk.blob, outcome.bytes), respond(id, { type: 'Stored', received: outcome.bytes.length })]
  }

  #onPublish(id: string, from: PeerId, message: MessageOf<'Publish'>): PeerEffect[] {
    const opened = openNested('manifest', message.manifest, this.#services)
    if (!opened.ok) return [refusal(id, opened.refusal)]
    const manifest = opened.value
    const fault = this.#publishFault(manifest, from)
    if (fault !== undefined) return [refusal(id, fault)]
    const { model, blob, blobBytes } = manifest.payload
    const done = respond(id, { type: 'Stored', received: blobBytes } as const)
    if (this.#published.has(model)) return [done]
    this.#published.set(model, manifest)
    const event = emit({ type: 'modelPublished', model, blob, bytes: blobBytes, manifest: manifest.id })
    return [save(MANIFEST_PREFIX + model, manifest.bytes), event, publish('models', manifest), done]
  }

  #publishFault(manifest: Envelope<'manifest'>, from: PeerId): Refusal | undefined {
    const { model, visibility, blob, blobBytes, weightsRoot } = manifest.payload
    if (!this.#services.directory.has(from, 'operator')) return notAnOperator
    if (manifest.signer !== from)
      return { code: 'not-authorized', detail: `the manifest is signed by ${manifest.signer}, not by its sender` }
    if (visibility !== 'public')
      return { code: 'bad-request', detail: `${model} is private: its owner announces it, and its weights stay there` }
    if (weightsRoot !== blob) return { code: 'hash-mismatch', detail: `${model}: the weights' root is not the blob's hash` }
    const kept = this.#blobs.get(blob)
    if (kept === undefined) return { code: 'unknown-blob', detail: `${model}: blob ${blob} was not uploaded` }
    if (kept.length !== blobBytes) return { code: 'hash-mismatch', detail: `${model}: the blob has ${kept.length} bytes, not ${blobBytes}` }
    const known = this.#published.get(model)
    if (known !== undefined && known.id !== manifest.id)
      return { code: 'bad-request', detail: `${model} is published; a change needs a new version` }
    if (known === undefined && this.#published.size >= this.#config.models) return { code: 'overloaded', detail: 'the hub is full' }
    return undefined
  }

  #manifest(id: string, model: string): PeerEffect {
    const manifest = this.#published.get(model) ?? this.#heard.get(model)
    if (manifest === undefined) return refusal(id, { code: 'unknown-model', detail: `${model} is not published here` })
    return respond(id, { type: 'ManifestFound', manifest: manifest.bytes })
  }

  #blobChunk(id: string, from: PeerId, { blob, offset }: MessageOf<'FetchBlob'>): PeerEffect[] {
    const bytes = this.#blobs.get(blob)
    if (bytes === undefined) return [refusal(id, { code: 'unknown-blob', detail: `blob ${blob} is not kept here` })]
    const data = bytes.subarray(Math.min(offset, bytes.length), offset + BLOB_CHUNK_BYTES_MAX)
    const chunk = respond(id, { type: 'BlobChunk', offset, total: bytes.length, data } as const)
    return offset + data.length >= bytes.length ? [chunk, emit({ type: 'blobServed', blob, to: from })] : [chunk]
  }

  #announce(): PeerEffect[] {
    return [
      ...[...this.#published.values()].map((manifest) => publish('models', manifest)),
      setTimer('announce', this.#config.announceEvery),
    ]
  }
}

const refusal = (id: string, why: Refusal): PeerEffect => respond(id, refused(why))
const notAnOperator: Refusal = { code: 'not-authorized', detail: 'only operators publish' }
const BLOB_PREFIX = 'blob/'
const MANIFEST_PREFIX = 'manifest/'
