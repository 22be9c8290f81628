import { type Effect, type Millis, type PeerId, save } from '@infermesh/kernel'
import type { Envelope, PeerServices } from '@infermesh/protocol'
import { delegationFault, openNested } from './credentials.ts'
import { checkLease, type LeaseProof, type LeaseVerdict } from './lease-proof.ts'
import { RevocationBook } from './revocation-book.ts'

/** The lease of the highest epoch that was heard of. */
export interface LeaseSeen extends LeaseProof {
  readonly envelope: Envelope<'lease'>
  /** When its last renewal was heard, on the own clock. */
  readonly seenAt: Millis
  readonly released: boolean
}

export interface ModelEntry {
  readonly model: string
  /** The first signer of a manifest of this name is the owner. */
  readonly manifest?: Envelope<'manifest'>
  /** By signer and audience; whoever reads checks that the signer is the owner. */
  readonly delegations: ReadonlyMap<string, Envelope<'delegation'>>
  readonly lease?: LeaseSeen
}

export type Learnt =
  | { readonly state: 'news'; readonly model: string; readonly effects: readonly Effect<never, never>[] }
  | { readonly state: 'known' }
  | { readonly state: 'faulty'; readonly reason: string }

type Kept = 'manifest' | 'delegation' | 'revocation'
type Learnable = Envelope<Kept | 'lease' | 'leaseRelease'>

const known: Learnt = { state: 'known' }
const LIMITS = { models: 4096, delegations: 256, verdicts: 64 } as const

/** What a peer has learnt of models, rights and leases by gossip. Everything but leases survives a restart. */
export class ModelBook {
  readonly #services: PeerServices
  readonly #prefix: string
  readonly #entries = new Map<string, ModelEntry>()
  readonly #revocations = new RevocationBook()
  /** A lease is looked at before it is passed on and again when it arrives: the second look is free. */
  readonly #verdicts = new Map<string, LeaseVerdict>()

  /** `prefix` begins every key that is saved. */
  constructor(services: PeerServices, prefix: string) {
    this.#services = services
    this.#prefix = prefix
  }

  restore(saved: ReadonlyMap<string, Uint8Array>, now: Millis): void {
    for (const kind of ['manifest', 'delegation', 'revocation'] as const) {
      for (const [key, value] of saved) {
        const envelope = key.startsWith(`${this.#prefix}${kind}/`) ? openNested(kind, value, this.#services) : undefined
        if (envelope !== undefined) this.learn(envelope, now)
      }
    }
  }

  get(model: string): ModelEntry | undefined {
    return this.#entries.get(model)
  }

  models(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** The owner of a private model whose manifest is known. */
  ownerOf(model: string): PeerId | undefined {
    const manifest = this.#entries.get(model)?.manifest
    return manifest?.payload.visibility === 'private' ? manifest.signer : undefined
  }

  /** The right that the owner gave this peer, if it holds now. */
  delegationOf(model: string, audience: PeerId, now: Millis): Envelope<'delegation'> | undefined {
    const owner = this.ownerOf(model)
    if (owner === undefined) return undefined
    const delegation = this.#entries.get(model)?.delegations.get(`${owner}/${audience}`)
    return delegation !== undefined && this.stands(delegation, now) ? delegation : undefined
  }

  /** Whether this very envelope gives its audience the right now, whatever came after it. */
  stands(delegation: Envelope<'delegation'>, now: Millis): boolean {
    const { model, audience } = delegation.payload
    const owner = this.ownerOf(model)
    if (owner === undefined || this.#revocations.revoked(delegation)) return false
    return delegationFault(delegation, { model, owner, audience }, now) === undefined
  }

  /** Whether this peer is the owner, or was ever given a right by it. */
  concerns(model: string, peer: PeerId): boolean {
    const owner = this.ownerOf(model)
    return owner !== undefined && (peer === owner || this.#entries.get(model)?.delegations.has(`${owner}/${peer}`) === true)
  }

  /** The standing rights, in the order of takeover. */
  standbys(model: string, now: Millis): readonly Envelope<'delegation'>[] {
    const delegations = [...(this.#entries.get(model)?.delegations.values() ?? [])]
    const standing = delegations.filter((delegation) => this.delegationOf(model, delegation.payload.audience, now) === delegation)
    return standing.sort(
      (left, right) => left.payload.priority - right.payload.priority || order(left.payload.audience, right.payload.audience),
    )
  }

  learn(envelope: Learnable, now: Millis): Learnt {
    switch (envelope.type) {
      case 'manifest':
        return this.#learnManifest(envelope)
      case 'delegation':
        return this.#learnDelegation(envelope, now)
      case 'revocation':
        return this.#revocations.add(envelope) ? this.#news(envelope.payload.model, envelope, envelope.payload.delegation) : known
      case 'lease':
        return this.#learnLease(envelope, now)
      case 'leaseRelease':
        return this.#learnRelease(envelope)
    }
  }

  /** `known` when nothing can be said against it yet. */
  faultOf(envelope: Envelope): string | undefined {
    const owner = envelope.type === 'lease' ? this.ownerOf(envelope.payload.model) : undefined
    if (envelope.type !== 'lease' || owner === undefined) return undefined
    const verdict = this.#verdictOf(envelope, owner)
    return verdict.state === 'faulty' ? verdict.reason : undefined
  }

  #learnManifest(manifest: Envelope<'manifest'>): Learnt {
    const { model } = manifest.payload
    const entry = this.#entryOf(model)
    if (entry === undefined) return { state: 'faulty', reason: 'more models than are remembered' }
    if (entry.manifest !== undefined && entry.manifest.signer !== manifest.signer)
      return { state: 'faulty', reason: `${model} has another owner` }
    if (entry.manifest !== undefined && entry.manifest.at >= manifest.at) return known
    this.#entries.set(model, { ...entry, manifest })
    return this.#news(model, manifest)
  }

  #learnDelegation(delegation: Envelope<'delegation'>, now: Millis): Learnt {
    const { model, audience, expires } = delegation.payload
    const entry = this.#entryOf(model)
    const slot = `${delegation.signer}/${audience}`
    const before = entry?.delegations.get(slot)
    if (entry === undefined || now >= expires || (before === undefined && entry.delegations.size >= LIMITS.delegations)) {
      return { state: 'faulty', reason: 'the delegation is over, or there are more than are remembered' }
    }
    if (this.#revocations.revoked(delegation)) return known
    if (before !== undefined && before.at >= delegation.at && !this.#revocations.revoked(before)) return known
    this.#entries.set(model, { ...entry, delegations: new Map(entry.delegations).set(slot, delegation) })
    return this.#news(model, delegation, slot)
  }

  #learnLease(envelope: Envelope<'lease'>, now: Millis): Learnt {
    const { model } = envelope.payload
    const entry = this.#entries.get(model)
    const owner = this.ownerOf(model)
    if (entry === undefined || owner === undefined) return known
    const { lease } = entry
    if (lease !== undefined && envelope.payload.epoch < lease.epoch) return known
    const verdict = this.#verdictOf(envelope, owner)
    if (verdict.state === 'faulty') return verdict
    const { proof } = verdict
    if (lease !== undefined && lease.epoch === proof.epoch && (lease.released || lease.envelope.at >= envelope.at)) return known
    this.#entries.set(model, { ...entry, lease: { ...proof, envelope, seenAt: now, released: false } })
    const learnt = proof.delegation === undefined ? known : this.#learnDelegation(proof.delegation, now)
    return { state: 'news', model, effects: learnt.state === 'news' ? learnt.effects : [] }
  }

  #learnRelease({ signer, payload }: Envelope<'leaseRelease'>): Learnt {
    const entry = this.#entries.get(payload.model)
    const lease = entry?.lease
    if (entry === undefined || lease === undefined || lease.released) return known
    if (lease.holder !== signer || lease.epoch !== payload.epoch) return known
    this.#entries.set(payload.model, { ...entry, lease: { ...lease, released: true } })
    return { state: 'news', model: payload.model, effects: [] }
  }

  #verdictOf(envelope: Envelope<'lease'>, owner: PeerId): LeaseVerdict {
    const before = this.#verdicts.get(envelope.id)
    if (before !== undefined) return before
    const verdict = checkLease(envelope, owner, this.#services)
    this.#verdicts.set(envelope.id, verdict)
    if (this.#verdicts.size > LIMITS.verdicts) this.#verdicts.delete(this.#verdicts.keys().next().value as string)
    return verdict
  }

  #entryOf(model: string): ModelEntry | undefined {
    const entry = this.#entries.get(model)
    if (entry !== undefined || this.#entries.size >= LIMITS.models) return entry
    const blank = { model, delegations: new Map() }
    this.#entries.set(model, blank)
    return blank
  }

  #news(model: string, envelope: Envelope<Kept>, part = ''): Learnt {
    return { state: 'news', model, effects: [save(`${this.#prefix}${envelope.type}/${model}/${part}`, envelope.bytes)] }
  }
}

const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
