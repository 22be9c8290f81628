import { type Effect, emit, forget, type Millis, publish, request, save, setTimer } from '@infermesh/kernel'
import {
  attestedDataOf,
  decodeCbor,
  type Envelope,
  encodeCbor,
  type LeaseEvent,
  type Message,
  type PeerEffect,
  toHex,
} from '@infermesh/protocol'
import { attestationNonce, openNested } from '../../grantor/authority/credentials.ts'
import { holderTtl } from '../../grantor/authority/lease-clock.ts'
import type { Call } from './call.ts'
import type { CallBook } from './call-book.ts'
import type { PrivateModelsServices } from './config.ts'
import { GrantRound, type RoundResult } from './grant-round.ts'
import { quiet, type Step } from './step.ts'

/** What the asker shows to the grantors. */
export interface LeaseTerms {
  readonly manifest: Envelope<'manifest'>
  readonly delegation?: Envelope<'delegation'>
}

export interface HeldLease {
  readonly epoch: number
  /** The holder stops here, on its own clock. */
  readonly until: Millis
  readonly envelope: Envelope<'lease'>
  readonly attestation: Envelope<'attestation'>
  readonly delegation?: Envelope<'delegation'>
}

export type KeeperNews =
  | { readonly type: 'acquired'; readonly lease: HeldLease }
  | { readonly type: 'renewed'; readonly lease: HeldLease }
  /** No quorum for this epoch. A rival has promised votes when `maxEpoch` is not below it. */
  | { readonly type: 'short'; readonly epoch: number; readonly result: RoundResult }
  | { readonly type: 'ended' }
  /** Enough grantors know that the lease was given back. */
  | { readonly type: 'released' }

type KeeperStep = Step<KeeperNews>

export interface KeeperOptions {
  readonly model: string
  readonly measurement: string
  readonly services: PrivateModelsServices
  readonly calls: CallBook<Call>
}

interface Release {
  readonly round: number
  confirmed: number
  waiting: number
}

/** Asks for, renews, gives back and loses the lease of one model. It serves nothing and decides nothing else. */
export class LeaseKeeper {
  readonly #options: KeeperOptions
  #round: GrantRound | undefined
  #rounds = 0
  #terms: LeaseTerms | undefined
  #attestation: { readonly epoch: number; readonly delegation: string | undefined; readonly envelope: Envelope<'attestation'> } | undefined
  #held: HeldLease | undefined
  #release: Release | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** The epoch that was held when this peer last ran. */
  savedEpoch(saved: ReadonlyMap<string, Uint8Array>): number {
    const value = saved.get(this.#savedKey())
    const epoch = value === undefined ? 0 : decodeCbor(value)
    return typeof epoch === 'number' ? epoch : 0
  }

  held(now: Millis): HeldLease | undefined {
    return this.#held !== undefined && now < this.#held.until ? this.#held : undefined
  }

  isAsking(): boolean {
    return this.#round !== undefined
  }

  /** Asks all grantors for an epoch; to renew, for the one that is held. A new question replaces the one before. */
  ask(epoch: number, terms: LeaseTerms, now: Millis): readonly PeerEffect[] {
    const { model, services, calls } = this.#options
    const grantors = services.directory.all('grantor')
    const { heartbeatEvery, lease } = services.directory.genesis.parameters
    const round = new GrantRound({ number: this.#rounds++, epoch, askedAt: now }, { grantors: grantors.length, quorum: lease.quorum })
    this.#round = round
    this.#terms = terms
    const message: Message = {
      type: 'AskLease',
      model,
      epoch,
      manifest: terms.manifest.bytes,
      delegation: terms.delegation === undefined ? [] : [terms.delegation.bytes],
      attestation: [this.#attest(epoch, terms, now).bytes],
    }
    return grantors.map(({ peerId }) => {
      const callId = calls.open({ model, part: 'ask', round: round.number, grantor: peerId })
      return request<Message>({ callId, to: peerId, stream: 'lease', message, timeout: heartbeatEvery })
    })
  }

  onAnswer(call: Extract<Call, { part: 'ask' }>, message: Message | undefined, now: Millis): KeeperStep {
    const round = this.#round
    if (round === undefined || call.round !== round.number) return quiet
    if (message?.type === 'LeaseGranted' && this.#isGrant(message.grant, call, round.epoch)) round.grant(call.grantor, message.grant)
    else if (message?.type === 'LeaseDenied') round.deny(call.grantor, message)
    else round.fail()
    const grants = round.grants()
    if (grants !== undefined) return this.#win(round, grants, now)
    return round.isHopeless() ? this.#fallShort(round) : quiet
  }

  /** The end of the time that the holder may serve. Fires late or early as clocks are, so the clock decides. */
  onExpiry(now: Millis): KeeperStep {
    if (this.#held === undefined) return quiet
    if (now < this.#held.until) return { effects: [this.#timer('expire', this.#held.until - now)] }
    const { epoch } = this.#held
    this.#held = undefined
    return { effects: [this.#said({ type: 'leaseEnded', model: this.#options.model, epoch, reason: 'expired' })], news: { type: 'ended' } }
  }

  /** Another holds a proven lease of this epoch: what is held or asked for below it is over, whatever the clock says. */
  outrank(epoch: number): KeeperStep {
    if (this.#round !== undefined && this.#round.epoch <= epoch) this.#round = undefined
    if (this.#held === undefined || this.#held.epoch >= epoch) return quiet
    const ended = this.#said({ type: 'leaseEnded', model: this.#options.model, epoch: this.#held.epoch, reason: 'superseded' })
    this.#held = undefined
    return { effects: [forget(this.#savedKey()), ended], news: { type: 'ended' } }
  }

  /** Stops at once, then tells the grantors and everyone, so that nobody has to wait. */
  release(now: Millis): KeeperStep {
    this.#round = undefined
    if (this.#held === undefined) return quiet
    const { epoch } = this.#held
    const { model, services } = this.#options
    this.#held = undefined
    const release = services.signer.sign('leaseRelease', { model, epoch }, now)
    this.#release = { round: this.#rounds++, confirmed: 0, waiting: this.#grantors().length }
    const tell = this.#tell(release, this.#release.round)
    const ended = this.#said({ type: 'leaseEnded', model, epoch, reason: 'released' })
    return { effects: [ended, forget(this.#savedKey()), ...tell, publish('leases', release)], news: { type: 'ended' } }
  }

  onReleased(call: Extract<Call, { part: 'release' }>, message: Message | undefined): KeeperStep {
    const release = this.#release
    if (release === undefined || call.round !== release.round) return quiet
    release.waiting--
    if (message?.type === 'LeaseReleased') release.confirmed++
    const { quorum } = this.#options.services.directory.genesis.parameters.lease
    if (release.confirmed < quorum && release.waiting > 0) return quiet
    this.#release = undefined
    return { effects: [], news: { type: 'released' } }
  }

  #win(round: GrantRound, grants: readonly Uint8Array[], now: Millis): KeeperStep {
    const { model, services } = this.#options
    const { lease } = services.directory.genesis.parameters
    const terms = this.#terms
    const attestation = this.#attestation?.envelope
    const lasts = round.askedAt + holderTtl(lease)
    const until = terms?.delegation === undefined ? lasts : Math.min(lasts, terms.delegation.payload.expires)
    this.#round = undefined
    if (terms === undefined || attestation === undefined || now >= until) return this.#fallShort(round)
    const { epoch } = round
    const payload = {
      model,
      epoch,
      grants,
      delegation: terms.delegation === undefined ? [] : [terms.delegation.bytes],
      attestation: [attestation.bytes],
    }
    const envelope = services.signer.sign('lease', payload, now)
    const renewed = this.#held !== undefined && this.#held.epoch === epoch
    const held = { epoch, until, envelope, attestation, ...(terms.delegation === undefined ? {} : { delegation: terms.delegation }) }
    this.#held = held
    // A new lease is renewed once early: its first announcement may have met an unfinished mesh.
    const renewAfter = renewed ? lease.renewEvery : Math.min(lease.renewEvery, services.directory.genesis.parameters.heartbeatEvery)
    const timers = [this.#timer('expire', until - now), this.#timer('renew', Math.max(0, round.askedAt + renewAfter - now))]
    const event: LeaseEvent = renewed
      ? { type: 'leaseRenewed', model, epoch, until }
      : { type: 'leaseAcquired', model, epoch, until, envelope: toHex(envelope.bytes) }
    const kept = renewed ? [] : [save(this.#savedKey(), encodeCbor(epoch))]
    return {
      effects: [...kept, this.#said(event), publish('leases', envelope), ...timers],
      news: { type: renewed ? 'renewed' : 'acquired', lease: held },
    }
  }

  /** A try that can't win any more takes its votes back when a rival has some: two that wait for each other would wait for long. */
  #fallShort(round: GrantRound): KeeperStep {
    const { model, services, calls } = this.#options
    const result = round.result()
    this.#round = undefined
    const renewing = this.#held?.epoch === round.epoch
    const retry = renewing ? [this.#timer('renew', Math.ceil(services.directory.genesis.parameters.heartbeatEvery / 2))] : []
    const contested = !renewing && result.maxEpoch >= round.epoch
    if (!contested) return { effects: retry, news: { type: 'short', epoch: round.epoch, result } }
    const release = services.signer.sign('leaseRelease', { model, epoch: round.epoch }, round.askedAt)
    const told = round.granted().map((to) => {
      const callId = calls.open({ model, part: 'release', round: -1 })
      return request<Message>({
        callId,
        to,
        stream: 'lease',
        message: { type: 'ReleaseLease', release: release.bytes },
        timeout: this.#patience(),
      })
    })
    return { effects: told, news: { type: 'short', epoch: round.epoch, result } }
  }

  #tell(release: Envelope<'leaseRelease'>, round: number): readonly PeerEffect[] {
    const { model, calls } = this.#options
    return this.#grantors().map(({ peerId }) => {
      const callId = calls.open({ model, part: 'release', round })
      return request<Message>({
        callId,
        to: peerId,
        stream: 'lease',
        message: { type: 'ReleaseLease', release: release.bytes },
        timeout: this.#patience(),
      })
    })
  }

  #attest(epoch: number, { delegation }: LeaseTerms, now: Millis): Envelope<'attestation'> {
    const { model, measurement, services } = this.#options
    const known = this.#attestation
    if (known !== undefined && known.epoch === epoch && known.delegation === delegation?.id) return known.envelope
    const userData = attestedDataOf(services.crypto.hash, services.identity.peerId, model, epoch)
    const envelope = services.attest({ measurement, userData, nonce: attestationNonce(delegation) }, now)
    this.#attestation = { epoch, delegation: delegation?.id, envelope }
    return envelope
  }

  #isGrant(raw: Uint8Array, call: Extract<Call, { part: 'ask' }>, epoch: number): boolean {
    const { model, services } = this.#options
    const grant = openNested('leaseGrant', raw, services)
    if (grant === undefined || grant.signer !== call.grantor) return false
    const { payload } = grant
    return payload.model === model && payload.epoch === epoch && payload.holder === services.identity.peerId
  }

  #grantors() {
    return this.#options.services.directory.all('grantor')
  }

  #patience(): Millis {
    return this.#options.services.directory.genesis.parameters.heartbeatEvery
  }

  #timer(kind: 'renew' | 'expire', after: Millis): Effect<never, never> {
    return setTimer(`lease/${kind}/${this.#options.model}`, after)
  }

  #said(event: LeaseEvent): Effect<never, never> {
    return emit(event)
  }

  #savedKey(): string {
    return `lease/held/${this.#options.model}`
  }
}
