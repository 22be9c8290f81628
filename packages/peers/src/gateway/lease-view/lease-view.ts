import { emit, type GossipVerdict, type Millis, type PeerId, subscribe } from '@infermesh/kernel'
import type { Envelope, GatewayEvent, PeerEffect, PeerServices } from '@infermesh/protocol'
import type { FailureDetector } from '../../detection/failure-detector.ts'
import { PeerWatch } from '../../detection/peer-watch.ts'
import { grantorWait } from '../../grantor/authority/lease-clock.ts'
import { type LeaseSeen, ModelBook } from '../../grantor/authority/model-book.ts'

export type Target =
  | { readonly state: 'unknown' }
  | { readonly state: 'public' }
  | { readonly state: 'holder'; readonly holder: PeerId; readonly epoch: number }
  | { readonly state: 'waiting'; readonly reason: string }
  | { readonly state: 'offline'; readonly detail: string }

/** Heartbeats that a peer may stay unheard before it counts as absent. */
const graceBeats = 5

/** Who may serve a private model now, as one gateway sees it. It believes proven leases and live heartbeats only. */
export class LeaseView {
  readonly detector: FailureDetector
  readonly #services: PeerServices
  readonly #watch: PeerWatch
  readonly #book: ModelBook
  readonly #suspected = new Set<PeerId>()
  #startedAt: Millis = 0

  constructor(services: PeerServices) {
    this.#services = services
    this.#watch = new PeerWatch(services.directory)
    this.detector = this.#watch.detector
    this.#book = new ModelBook(services, 'lease-view/')
  }

  onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): readonly PeerEffect[] {
    this.#startedAt = now
    this.#book.restore(saved, now)
    return [subscribe('models'), subscribe('capacity'), subscribe('leases')]
  }

  onEnvelope(envelope: Envelope, now: Millis): readonly PeerEffect[] {
    switch (envelope.type) {
      case 'capacity':
        this.#watch.hear(envelope, now)
        return this.#suspected.delete(envelope.signer) ? [emit<GatewayEvent>({ type: 'peerTrusted', suspect: envelope.signer })] : []
      case 'manifest':
      case 'delegation':
      case 'revocation':
      case 'lease':
      case 'leaseRelease': {
        const learnt = this.#book.learn(envelope, now)
        return learnt.state === 'news' ? learnt.effects : []
      }
      default:
        return []
    }
  }

  onPeerLost(peer: PeerId, now: Millis): readonly PeerEffect[] {
    this.#watch.drop(peer)
    return this.#suspect(peer, now)
  }

  /** Tells in the trace which peers have become suspicious. Call it a few times for each heartbeat. */
  tick(now: Millis): readonly PeerEffect[] {
    return this.detector.peers().flatMap((peer) => this.#suspect(peer, now))
  }

  /** Refuses what is proven wrong; what this gateway can't judge yet, it passes on. */
  validate(envelope: Envelope): GossipVerdict {
    return this.#book.faultOf(envelope) === undefined ? 'accept' : 'reject'
  }

  manifest(model: string): Envelope<'manifest'> | undefined {
    return this.#book.get(model)?.manifest
  }

  target(model: string, now: Millis): Target {
    const entry = this.#book.get(model)
    if (entry?.manifest === undefined) return { state: 'unknown' }
    if (entry.manifest.payload.visibility === 'public') return { state: 'public' }
    const owner = entry.manifest.signer
    const held = entry.lease === undefined ? undefined : this.#heldBy(entry.lease, model, now)
    if (held !== undefined) return held
    const candidates = [owner, ...this.#book.standbys(model, now).map((delegation) => delegation.payload.audience)]
    const able = candidates.find((peer) => this.#mayTakeOver(peer, { model, owner, now }))
    if (able !== undefined) return { state: 'waiting', reason: `no lease is held; ${this.#nameOf(able)} may take it` }
    return { state: 'offline', detail: this.#offlineDetail(model, candidates, now) }
  }

  /** `undefined` when the lease leads to nobody: given back, run out, taken back, or its holder is gone. */
  #heldBy({ holder, epoch, seenAt, released }: LeaseSeen, model: string, now: Millis): Target | undefined {
    const wait = grantorWait(this.#services.directory.genesis.parameters.lease)
    if (released || now >= seenAt + wait) return undefined
    if (holder !== this.#book.ownerOf(model) && this.#book.delegationOf(model, holder, now) === undefined) return undefined
    const presence = this.#watch.presence(holder, now)
    if (presence === 'lost' || (presence === 'unheard' && !this.#inGrace(seenAt, now))) return undefined
    if (presence === 'silent') return { state: 'waiting', reason: `${this.#nameOf(holder)} holds the lease and is late` }
    const standing = this.#watch.standing(holder, model)
    if (standing?.state === 'holder' && standing.epoch === epoch) return { state: 'holder', holder, epoch }
    return { state: 'waiting', reason: `${this.#nameOf(holder)} holds the lease of epoch ${epoch} and gets ready` }
  }

  /** A cold standby can't open a model whose owner is gone. One that was never heard gets some time after the start. */
  #mayTakeOver(peer: PeerId, { model, owner, now }: { readonly model: string; readonly owner: PeerId; readonly now: Millis }): boolean {
    const presence = this.#watch.presence(peer, now)
    if (presence === 'lost') return false
    if (presence === 'unheard') return this.#inGrace(this.#startedAt, now)
    const state = this.#watch.standing(peer, model)?.state
    return peer === owner || state === 'warm' || state === 'hot' || state === 'holder'
  }

  #inGrace(since: Millis, now: Millis): boolean {
    return now < since + graceBeats * this.#services.directory.genesis.parameters.heartbeatEvery
  }

  #offlineDetail(model: string, [owner, ...standbys]: readonly PeerId[], now: Millis): string {
    const missing = `private model ${model} is bound to ${this.#nameOf(owner ?? '')}, which is offline`
    if (standbys.length === 0) return `${missing}; no standby is delegated`
    const states = standbys.map((peer) => {
      const presence = this.#watch.presence(peer, now)
      const alive = presence === 'alive' || presence === 'silent'
      const state = this.#watch.standing(peer, model)?.state ?? 'never heard of'
      return `${this.#nameOf(peer)} ${alive ? `lives, but is ${state}` : `(${state}) is offline`}`
    })
    return `${missing}; its standbys: ${states.join(', ')}`
  }

  #nameOf(peer: PeerId): string {
    return this.#services.directory.nameOf(peer)
  }

  #suspect(peer: PeerId, now: Millis): readonly PeerEffect[] {
    if (this.#suspected.has(peer) || this.#watch.presence(peer, now) !== 'lost') return []
    this.#suspected.add(peer)
    const phi = Math.round(this.detector.phi(peer, now) * 100) / 100
    return [emit<GatewayEvent>({ type: 'peerSuspected', suspect: peer, phi })]
  }
}
