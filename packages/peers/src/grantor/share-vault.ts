import { type Effect, emit, type Millis, respond, save } from '@infermesh/kernel'
import type { LeaseEvent, MessageOf, PeerEffect, PeerServices } from '@infermesh/protocol'
import type { Asked } from './asked.ts'
import { attestationFault, delegationFault, isPrivateManifest, openNested } from './authority/credentials.ts'
import { grantorWait } from './authority/lease-clock.ts'
import { checkLease, type LeaseProof } from './authority/lease-proof.ts'
import type { RevocationBook } from './authority/revocation-book.ts'
import type { LeasePromise } from './promise.ts'
import type { PromiseBook } from './promise-book.ts'
import { refuse } from './refusal.ts'

const prefix = 'grantor/share/'

type ShareRequest = Asked<MessageOf<'ReleaseShare'>>

/** Keeps one Shamir share of each model's key, and gives it only to a peer that is attested, delegated and leased at once. */
export class ShareVault {
  readonly #services: PeerServices
  readonly #promises: PromiseBook
  readonly #revocations: RevocationBook
  readonly #shares = new Map<string, Uint8Array>()

  constructor(services: PeerServices, promises: PromiseBook, revocations: RevocationBook) {
    this.#services = services
    this.#promises = promises
    this.#revocations = revocations
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): void {
    for (const [key, value] of saved) if (key.startsWith(prefix)) this.#shares.set(key.slice(prefix.length), value)
  }

  onDeposit({ id, from, message }: Asked<MessageOf<'DepositShare'>>, now: Millis): readonly PeerEffect[] {
    const manifest = openNested('manifest', message.manifest, this.#services)
    const model = manifest?.payload.model ?? ''
    const owned = manifest !== undefined && manifest.signer === from && isPrivateManifest(manifest, this.#services.directory)
    const promise = owned ? this.#promises.open(model, from, now) : undefined
    if (promise === undefined)
      return refuse({ id, from, message }, 'not-authorized', 'expected a private manifest that the sender signed and owns')
    this.#shares.set(model, message.share)
    // The owner is fixed by its first deposit, before any lease.
    const kept = this.#promises.get(model) === undefined ? this.#promises.keep(model, promise) : []
    return [...kept, save(`${prefix}${model}`, message.share), respond(id, { type: 'ShareKept', model })]
  }

  onRelease(asked: ShareRequest, now: Millis): readonly PeerEffect[] {
    const { id, from, message } = asked
    const { model } = message
    const promise = this.#promises.get(model)
    const share = this.#shares.get(model)
    if (promise === undefined || share === undefined) return refuse(asked, 'unknown-blob', `no share of ${model} is kept here`)
    const lease = openNested('lease', message.lease, this.#services)
    if (lease === undefined || lease.signer !== from || lease.payload.model !== model)
      return refuse(asked, 'not-authorized', 'expected the own lease')
    const verdict = checkLease(lease, promise.owner, this.#services)
    if (verdict.state === 'faulty') return refuse(asked, 'not-authorized', verdict.reason)
    const fault = this.#delegatedFault(asked, promise, now) ?? this.#attestedFault(asked, verdict.proof.epoch)
    if (fault !== undefined) return refuse(asked, 'not-authorized', fault)
    const leased = this.#leased(model, promise, { proof: verdict.proof, now })
    if (leased === undefined) return refuse(asked, 'stale-epoch', `the lease of epoch ${verdict.proof.epoch} is over`)
    const released: LeaseEvent = { type: 'keyReleased', model, to: from, attested: true, delegated: true, leased: true }
    return [...leased, emit(released), respond(id, { type: 'ShareReleased', share })]
  }

  #delegatedFault({ from, message }: ShareRequest, { owner }: LeasePromise, now: Millis): string | undefined {
    const delegation = openNested('delegation', message.delegation, this.#services)
    if (delegation === undefined) return "expected the owner's delegation"
    if (this.#revocations.revoked(delegation)) return 'the delegation is revoked'
    return delegationFault(delegation, { model: message.model, owner, audience: from }, now)
  }

  #attestedFault({ from, message }: ShareRequest, epoch: number): string | undefined {
    const attestation = openNested('attestation', message.attestation, this.#services)
    const delegation = openNested('delegation', message.delegation, this.#services)
    if (attestation === undefined || delegation === undefined) return 'expected an attestation'
    return attestationFault(attestation, { subject: from, model: message.model, epoch, delegation }, this.#services)
  }

  /** `undefined`: this grantor knows that the lease is over. A quorum that it was no part of binds it from now on, as its own grant would. */
  #leased(
    model: string,
    promise: LeasePromise,
    { proof, now }: { readonly proof: LeaseProof; readonly now: Millis },
  ): readonly Effect<never, never>[] | undefined {
    const { holder, epoch } = proof
    if (epoch > promise.epoch) return this.#promises.keep(model, { owner: promise.owner, epoch, holder, released: false, grantedAt: now })
    const wait = grantorWait(this.#services.directory.genesis.parameters.lease)
    const current = epoch === promise.epoch && holder === promise.holder && !promise.released && now < promise.grantedAt + wait
    return current ? [] : undefined
  }
}
