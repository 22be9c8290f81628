import { type Effect, emit, type Millis, type PeerId, publish, type Random, request, respond, save, setTimer } from '@infermesh/kernel'
import type { Envelope, LeaseEvent, Message, MessageOf, PeerEffect, Statement } from '@infermesh/protocol'
import { toHex } from '@infermesh/protocol'
import type { Asked } from '../../grantor/asked.ts'
import { attestationFault, openNested } from '../../grantor/authority/credentials.ts'
import type { ModelBook } from '../../grantor/authority/model-book.ts'
import { refuse } from '../../grantor/refusal.ts'
import type { Call } from './call.ts'
import type { CallBook } from './call-book.ts'
import { type OwnedModelConfig, type PrivateModelsServices, peerCalled } from './config.ts'
import type { HeldLease } from './lease-keeper.ts'
import { decodeOwnerRecord, encodeOwnerRecord, ISSUED_MAX, type OwnerRecord, type RosterEntry } from './owner-record.ts'
import { keyShares, type OwnerSecrets, ownerSecrets } from './sealed-weights.ts'

export interface DeskOptions {
  readonly owned: OwnedModelConfig
  readonly services: PrivateModelsServices
  readonly calls: CallBook<Call>
  readonly book: ModelBook
}

const day: Millis = 86_400_000
const nonceBytes = 16
/** Early rounds are signed anew, since gossip forgets nothing it has seen and the first may have met an unfinished mesh. */
const earlyRounds: readonly Millis[] = [1000, 3000, 11_000]
/** Longer than gossip remembers a message, so that the same bytes travel again. */
const announceEvery: Millis = 150_000
const depositAgain: Millis = 2000

/** The owner's signing desk: the manifest, the standbys' rights and their end, and the key's shares. */
export class OwnerDesk {
  readonly secrets: OwnerSecrets
  readonly #options: DeskOptions
  readonly #undeposited: Set<PeerId>
  readonly #random: Random
  #record: OwnerRecord = { roster: [], issued: [], revoked: [] }
  #rounds = 0

  constructor(options: DeskOptions) {
    const { owned, services } = options
    this.#options = options
    this.secrets = ownerSecrets(services.crypto, services.identity.privateKey, owned)
    this.#random = services.random.fork(`lease/nonce/${owned.model}`)
    this.#undeposited = new Set(services.directory.all('grantor').map(({ peerId }) => peerId))
  }

  start(saved: ReadonlyMap<string, Uint8Array>, now: Millis): readonly PeerEffect[] {
    const { owned, services } = this.#options
    const value = saved.get(this.#savedKey())
    const configured = owned.standbys.map(({ peer, ...rest }) => ({ standby: peerCalled(services.directory, peer), ...rest }))
    this.#record = value === undefined ? { ...this.#record, roster: configured } : decodeOwnerRecord(this.#savedKey(), value)
    // Its own word counts before its own restored rights do.
    for (const delegation of this.#record.revoked) this.#learn(this.#sign('revocation', { model: owned.model, delegation }, now), now)
    for (const raw of this.#record.issued) this.#learnDelegation(raw, now)
    const manifest = this.#say('manifest', this.#manifest(), now)
    return [...manifest, ...this.#issueMissing(now), ...this.#deposit(), this.#announceLater()]
  }

  onAnnounce(now: Millis): readonly PeerEffect[] {
    const { owned, book } = this.#options
    const early = this.#rounds < earlyRounds.length
    this.#rounds++
    const { model } = owned
    const manifest = book.get(model)?.manifest
    const again = book.standbys(model, now).map((delegation) => publish('models', delegation))
    const revoked = this.#record.revoked.map((delegation) => publish('models', this.#sign('revocation', { model, delegation }, now)))
    const first = early || manifest === undefined ? this.#say('manifest', this.#manifest(), now) : [publish('models', manifest)]
    const rights = early ? this.#record.roster.flatMap((entry) => this.#issue(entry, now)) : again
    return [...first, ...rights, ...this.#issueMissing(now), ...revoked, this.#announceLater()]
  }

  delegate(entry: RosterEntry, now: Millis): readonly PeerEffect[] {
    const others = this.#record.roster.filter(({ standby }) => standby !== entry.standby)
    this.#record = { ...this.#record, roster: [...others, entry] }
    return [...this.#issue(entry, now), ...this.#told(entry.standby, now)]
  }

  roster(): readonly RosterEntry[] {
    return this.#record.roster
  }

  revoke(standby: PeerId, now: Millis): readonly PeerEffect[] {
    const { owned, services } = this.#options
    const { model } = owned
    const ids = this.#record.issued
      .map((raw) => openNested('delegation', raw, services))
      .filter((delegation) => delegation?.payload.audience === standby && !this.#record.revoked.includes(delegation.id))
      .map((delegation) => delegation?.id ?? '')
    const roster = this.#record.roster.filter((entry) => entry.standby !== standby)
    this.#record = { ...this.#record, roster, revoked: [...this.#record.revoked, ...ids].slice(-ISSUED_MAX) }
    const said = ids.flatMap((delegation) => this.#say('revocation', { model, delegation }, now))
    // Told again soon: a grantor that was away for a moment must not go on granting.
    this.#rounds = 0
    return [this.#keep(), ...said, event({ type: 'revoked', model, standby }), this.#announceLater()]
  }

  onDeposit(call: Extract<Call, { part: 'deposit' }>, message: Message | undefined): readonly PeerEffect[] {
    if (message?.type === 'ShareKept') {
      this.#undeposited.delete(call.grantor)
      return []
    }
    return [setTimer(this.#timerKey('deposit'), depositAgain)]
  }

  onDepositAgain(): readonly PeerEffect[] {
    return this.#deposit()
  }

  /** A hot standby asks for the whole key: it must be attested and delegated, and this owner must hold the lease. */
  onKeyAsked(asked: Asked<MessageOf<'ReleaseShare'>>, held: HeldLease | undefined, now: Millis): readonly PeerEffect[] {
    const { id, from, message } = asked
    const { owned, services, book } = this.#options
    const { model } = owned
    const delegation = book.delegationOf(model, from, now)
    if (delegation === undefined || delegation.payload.temperature !== 'hot')
      return refuse(asked, 'not-authorized', 'expected a standing delegation as a hot standby')
    if (held === undefined) return refuse(asked, 'not-authorized', 'the owner does not hold the lease now')
    const attestation = openNested('attestation', message.attestation, services)
    const claim = { subject: from, model, epoch: held.epoch, delegation }
    const fault = attestation === undefined ? 'expected an attestation' : attestationFault(attestation, claim, services)
    if (fault !== undefined) return refuse(asked, 'not-authorized', fault)
    const answer: Message = { type: 'HoldKey', model, lease: held.envelope.bytes, delegation: delegation.bytes, key: this.secrets.key }
    return [event({ type: 'keyReleased', model, to: from, attested: true, delegated: true, leased: true }), respond<Message>(id, answer)]
  }

  #manifest(): Statement<'manifest'> {
    const { owned } = this.#options
    return {
      model: owned.model,
      visibility: 'private',
      weightsRoot: this.secrets.weightsRoot,
      blob: this.secrets.blob,
      blobBytes: this.secrets.sealed.length,
      engineBuild: owned.engineBuild,
      verifyTier: 'attestation',
      pricePromptPerMillion: owned.prices.promptPerMillion,
      priceAnswerPerMillion: owned.prices.answerPerMillion,
    }
  }

  /** Rights that are wanted and were never given, or have run out. */
  #issueMissing(now: Millis): readonly PeerEffect[] {
    const { owned, book } = this.#options
    const missing = this.#record.roster.filter(({ standby }) => book.delegationOf(owned.model, standby, now) === undefined)
    return missing.flatMap((entry) => [...this.#issue(entry, now), ...this.#told(entry.standby, now)])
  }

  #issue({ standby, temperature, priority }: RosterEntry, now: Millis): readonly PeerEffect[] {
    const { owned, services } = this.#options
    if (this.#record.issued.length >= ISSUED_MAX) return []
    const lasts = owned.delegationTtl ?? day
    const delegation = this.#sign(
      'delegation',
      {
        model: owned.model,
        audience: standby,
        priority,
        temperature,
        // Clocks differ: a right that starts now would be denied by a grantor that is a little behind.
        notBefore: Math.max(0, now - clockBuffer),
        expires: now + lasts,
        maxPriceAnswerPerMillion: owned.prices.answerPerMillion,
        measurement: owned.measurement,
        nonce: this.#nonce(),
      },
      now,
    )
    const live = this.#record.issued.filter((raw) => (openNested('delegation', raw, services)?.payload.expires ?? 0) > now)
    this.#record = { ...this.#record, issued: [...live, delegation.bytes] }
    return [this.#keep(), ...this.#learn(delegation, now), publish('models', delegation)]
  }

  #told(standby: PeerId, now: Millis): readonly PeerEffect[] {
    const { owned, book } = this.#options
    const delegation = book.delegationOf(owned.model, standby, now)
    return delegation === undefined ? [] : [event({ type: 'delegated', model: owned.model, standby, envelope: toHex(delegation.bytes) })]
  }

  #deposit(): readonly PeerEffect[] {
    const { owned, services, calls, book } = this.#options
    const manifest = book.get(owned.model)?.manifest
    if (manifest === undefined) return []
    const grantors = services.directory.all('grantor')
    const { heartbeatEvery, lease } = services.directory.genesis.parameters
    const shares = keyShares(services.crypto, this.secrets.key, { threshold: lease.quorum, shares: grantors.length })
    return grantors.flatMap(({ peerId: to }, index) => {
      const share = shares[index]
      if (share === undefined || !this.#undeposited.has(to)) return []
      const callId = calls.open({ model: owned.model, part: 'deposit', grantor: to })
      const message: Message = { type: 'DepositShare', manifest: manifest.bytes, share }
      return [request<Message>({ callId, to, stream: 'key-release', message, timeout: heartbeatEvery })]
    })
  }

  #say(type: 'manifest' | 'revocation', payload: Statement<'manifest'> | Statement<'revocation'>, now: Millis): readonly PeerEffect[] {
    const envelope = this.#sign(type, payload, now)
    return [...this.#learn(envelope, now), publish('models', envelope)]
  }

  #sign<K extends 'manifest' | 'delegation' | 'revocation'>(type: K, payload: Statement<K>, now: Millis): Envelope<K> {
    return this.#options.services.signer.sign(type, payload, now)
  }

  #learn(envelope: Envelope<'manifest' | 'delegation' | 'revocation'>, now: Millis): readonly PeerEffect[] {
    const learnt = this.#options.book.learn(envelope, now)
    return learnt.state === 'news' ? learnt.effects : []
  }

  #learnDelegation(raw: Uint8Array, now: Millis): void {
    const delegation = openNested('delegation', raw, this.#options.services)
    if (delegation !== undefined) this.#learn(delegation, now)
  }

  #nonce(): string {
    return toHex(Uint8Array.from({ length: nonceBytes }, () => this.#random.below(256)))
  }

  #announceLater(): Effect<never, never> {
    return setTimer(this.#timerKey('announce'), earlyRounds[this.#rounds] ?? announceEvery)
  }

  #timerKey(kind: string): string {
    return `lease/${kind}/${this.#options.owned.model}`
  }

  #keep(): Effect<never, never> {
    return save(this.#savedKey(), encodeOwnerRecord(this.#record))
  }

  #savedKey(): string {
    return `lease/own/${this.#options.owned.model}`
  }
}

/** The buffer that the UCAN specification suggests for clocks that differ. */
const clockBuffer: Millis = 60_000

const event = (said: LeaseEvent): Effect<never, never> => emit(said)
