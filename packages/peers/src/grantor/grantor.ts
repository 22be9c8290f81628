import {
  assertNever,
  type Effect,
  emit,
  type GossipVerdict,
  type Millis,
  type PeerId,
  type RequestId,
  respond,
  save,
  subscribe,
} from '@infermesh/kernel'
import {
  type Envelope,
  type ErrorCode,
  type LeaseEvent,
  type MessageOf,
  type PeerEffect,
  type PeerInput,
  type PeerMachine,
  type PeerServices,
  Signer,
} from '@infermesh/protocol'
import { admit } from '../admission.ts'
import type { Asked } from './asked.ts'
import { openNested, sealingOf } from './authority/credentials.ts'
import { grantorWait } from './authority/lease-clock.ts'
import { RevocationBook } from './authority/revocation-book.ts'
import { decideLease } from './decision.ts'
import { leaseRight } from './lease-right.ts'
import { PromiseBook } from './promise-book.ts'
import { ShareVault } from './share-vault.ts'

export interface GrantorConfig {
  /** Private models that this grantor keeps promises and shares for. */
  readonly modelsMax?: number
}

const modelsMaxDefault = 4096
const revokedPrefix = 'grantor/revoked/'

export const createGrantor = (config: GrantorConfig, services: PeerServices): PeerMachine => new Grantor(config, services)

/** One voice of the lease authority, and one keeper of key shares. Everything it promises is on its disk before it is said. */
class Grantor implements PeerMachine {
  readonly #services: PeerServices
  readonly #signer: Signer
  readonly #promises: PromiseBook
  readonly #revocations = new RevocationBook()
  readonly #vault: ShareVault

  constructor(config: GrantorConfig, services: PeerServices) {
    this.#services = services
    this.#signer = new Signer(services.identity, sealingOf(services))
    this.#promises = new PromiseBook(config.modelsMax ?? modelsMaxDefault)
    this.#vault = new ShareVault(services, this.#promises, this.#revocations)
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return this.#onStarted(input.saved, now)
      case 'request':
        return this.#onRequest(input, now)
      case 'gossip':
        return this.#onGossip(input.envelope)
      case 'cancelled':
      case 'response':
      case 'failed':
      case 'timer':
      case 'peerLost':
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  validate(topic: string, envelope: Envelope): GossipVerdict {
    return admit(this.#services.directory, topic, envelope)
  }

  #onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): readonly PeerEffect[] {
    this.#promises.restore(saved, now)
    this.#vault.restore(saved)
    for (const [key, value] of saved) {
      if (!key.startsWith(revokedPrefix)) continue
      const revocation = openNested('revocation', value, this.#services)
      if (revocation !== undefined) this.#revocations.add(revocation)
    }
    return [subscribe('models')]
  }

  #onGossip(envelope: Envelope): readonly PeerEffect[] {
    if (envelope.type !== 'revocation' || !this.#revocations.add(envelope)) return []
    return [save(`${revokedPrefix}${envelope.signer}/${envelope.payload.delegation}`, envelope.bytes)]
  }

  #onRequest({ id, from, message }: Extract<PeerInput, { type: 'request' }>, now: Millis): readonly PeerEffect[] {
    switch (message.type) {
      case 'AskLease':
        return this.#onAsk({ id, from, message }, now)
      case 'ReleaseLease':
        return this.#onRelease(id, message)
      case 'DepositShare':
        return this.#vault.onDeposit({ id, from, message }, now)
      case 'ReleaseShare':
        return this.#vault.onRelease({ id, from, message }, now)
      default:
        return [
          respond(id, { type: 'Refused', code: 'bad-request', detail: `a grantor does not answer ${message.type}`, retryAfter: undefined }),
        ]
    }
  }

  #onAsk({ id, from, message }: Asked<MessageOf<'AskLease'>>, now: Millis): readonly PeerEffect[] {
    const { model, epoch } = message
    const right = leaseRight(from, message, { services: this.#services, revocations: this.#revocations, now })
    const promise = right.state === 'proven' ? this.#promises.open(model, right.owner, now) : undefined
    if (promise === undefined) return this.#deny(id, { model, holder: from, epoch }, { code: 'not-authorized', retryAfter: 0 })
    const { lease } = this.#services.directory.genesis.parameters
    const decision = decideLease(promise, { holder: from, epoch }, { now, wait: grantorWait(lease) })
    if (decision.state === 'deny') return this.#deny(id, { model, holder: from, epoch }, decision)
    const next = { owner: promise.owner, epoch, holder: from, released: false, grantedAt: now }
    const grant = this.#signer.sign('leaseGrant', { model, holder: from, epoch, ttl: lease.ttl, grantedAt: now }, now)
    return [
      ...this.#promises.keep(model, next),
      said({ type: 'leaseGranted', model, holder: from, epoch, until: now + grantorWait(lease) }),
      respond(id, { type: 'LeaseGranted', grant: grant.bytes }),
    ]
  }

  #deny(
    id: RequestId,
    ask: { readonly model: string; readonly holder: PeerId; readonly epoch: number },
    { code, retryAfter }: { readonly code: ErrorCode; readonly retryAfter: Millis },
  ): readonly PeerEffect[] {
    const maxEpoch = this.#promises.get(ask.model)?.epoch ?? 0
    return [said({ type: 'leaseDenied', ...ask, code }), respond(id, { type: 'LeaseDenied', code, maxEpoch, retryAfter })]
  }

  /** The holder's signature decides, not who brings it. A release of another epoch changes nothing. */
  #onRelease(id: RequestId, message: MessageOf<'ReleaseLease'>): readonly PeerEffect[] {
    const release = openNested('leaseRelease', message.release, this.#services)
    const promise = release === undefined ? undefined : this.#promises.get(release.payload.model)
    if (release === undefined || promise === undefined) return [respond(id, { type: 'LeaseReleased', maxEpoch: promise?.epoch ?? 0 })]
    const own = promise.holder === release.signer && promise.epoch === release.payload.epoch && !promise.released
    const kept = own ? this.#promises.keep(release.payload.model, { ...promise, released: true }) : []
    return [...kept, respond(id, { type: 'LeaseReleased', maxEpoch: promise.epoch })]
  }
}

const said = (event: LeaseEvent): Effect<never, never> => emit(event)
