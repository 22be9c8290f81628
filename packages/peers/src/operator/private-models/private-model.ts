import { type Effect, emit, type Millis, type PeerId, type RequestId, respond, setTimer } from '@infermesh/kernel'
import type { LeaseEvent, Message, MessageOf, OperatorEvent, PeerEffect } from '@infermesh/protocol'
import type { Asked } from '../../grantor/asked.ts'
import { openNested } from '../../grantor/authority/credentials.ts'
import { refuse } from '../../grantor/refusal.ts'
import type { Call } from './call.ts'
import { Candidacy } from './candidacy.ts'
import type { ModelState, Permission } from './config.ts'
import { Custody } from './custody.ts'
import type { Duty, DutyContext } from './duty.ts'
import { demandBack, type HandbackDemand } from './handback.ts'
import { type KeeperNews, LeaseKeeper, type LeaseTerms } from './lease-keeper.ts'
import type { OwnerDesk } from './owner-desk.ts'
import { refusedPermission } from './permission.ts'
import type { Step } from './step.ts'
import { renewalTerms, termsOf } from './terms.ts'
import type { StoreNews } from './weight-store.ts'

export interface ModelDuty extends Duty {
  /** At the owner only. */
  readonly desk?: OwnerDesk
}

/** Tries to gather the key under one lease before it is given back, so that another may try. */
const gatheringsMax = 10

/** One private model at one operator, as its owner or as a standby: brings together its lease, its weights and its rights. */
export class PrivateModel {
  readonly #duty: ModelDuty
  readonly #context: DutyContext
  readonly #keeper: LeaseKeeper
  readonly #custody: Custody
  readonly #candidacy: Candidacy
  #epochSeen = 0
  /** An epoch to ask for at once, without waiting for a loss: after a start, and when the lease was handed back. */
  #returning: number | undefined
  #isActive = false
  #handingBack: RequestId | undefined

  constructor(duty: ModelDuty, context: DutyContext, since: Millis) {
    const { config, services, calls, book, watch } = context
    const { model, owner } = duty
    this.#duty = duty
    this.#context = context
    this.#keeper = new LeaseKeeper({ model, measurement: config.measurement, services, calls })
    this.#custody = new Custody(duty, context)
    const { parameters } = services.directory.genesis
    const situation = { model, owner, me: services.identity.peerId, book, watch, parameters, since }
    this.#candidacy = new Candidacy(situation, services.random.fork(`lease/candidacy/${model}`))
  }

  start(saved: ReadonlyMap<string, Uint8Array>, now: Millis): readonly PeerEffect[] {
    const { desk } = this.#duty
    this.#epochSeen = this.#keeper.savedEpoch(saved)
    if (desk !== undefined || this.#epochSeen > 0) this.#returning = Math.max(1, this.#epochSeen)
    const said = desk?.start(saved, now) ?? []
    const stored = this.#onCustody(this.#custody.start(saved, desk?.secrets), now)
    return [...said, ...stored, ...this.#readyToStandBy(now), ...this.attend(now)]
  }

  /** Looks at everything again, and does what is due. Cheap, and harmless at any time. */
  attend(now: Millis): readonly PeerEffect[] {
    const terms = this.#terms(now)
    if (terms === undefined) return this.#withdraw(now)
    const prepared = this.#onCustody(this.#custody.prepare(terms, now), now)
    if (this.#keeper.held(now) !== undefined) return [...prepared, ...this.#activate(now)]
    if (this.#keeper.isAsking()) return prepared
    const able = this.#custody.temperature() !== 'cold'
    if (!able) this.#returning = undefined
    if (this.#returning !== undefined) return [...prepared, ...this.#keeper.ask(this.#returning, terms, now)]
    const { effects, news } = this.#candidacy.review(able, this.#epochSeen + 1, now)
    const next = news === 'ask' ? this.#keeper.ask(this.#epochSeen + 1, terms, now) : []
    const fetched = news === 'unable' ? this.#onCustody(this.#custody.fetch(terms.manifest, now), now) : []
    return [...prepared, ...effects, ...next, ...fetched]
  }

  /** The book has news of this model. */
  onLearnt(now: Millis): readonly PeerEffect[] {
    const lease = this.#context.book.get(this.#duty.model)?.lease
    if (lease === undefined || lease.holder === this.#me()) return this.attend(now)
    if (lease.epoch > this.#epochSeen) this.#candidacy.end()
    if (this.#returning !== undefined && lease.epoch >= this.#returning) this.#returning = undefined
    this.#epochSeen = Math.max(this.#epochSeen, lease.epoch)
    return [...this.#onKeeper(this.#keeper.outrank(lease.epoch), now), ...this.attend(now)]
  }

  onHeartbeat(peer: PeerId, now: Millis): readonly PeerEffect[] {
    return peer === this.#context.book.get(this.#duty.model)?.lease?.holder ? this.attend(now) : []
  }

  /** `message` is absent when the call failed. */
  onAnswer(call: Call, message: Message | undefined, now: Millis): readonly PeerEffect[] {
    const manifest = this.#terms(now)?.manifest
    switch (call.part) {
      case 'ask':
        return this.#onKeeper(this.#keeper.onAnswer(call, message, now), now)
      case 'release':
        return this.#onKeeper(this.#keeper.onReleased(call, message), now)
      case 'chunk':
      case 'share':
      case 'pull':
        return manifest === undefined ? [] : this.#onCustody(this.#custody.onAnswer(call, message, manifest), now)
      case 'deposit':
        return this.#duty.desk?.onDeposit(call, message) ?? []
      case 'handback':
        return this.#onHandedBack(message, now)
    }
  }

  onTimer(kind: string, now: Millis): readonly PeerEffect[] {
    switch (kind) {
      case 'renew':
        return this.#renew(now)
      case 'expire':
        return this.#onKeeper(this.#keeper.onExpiry(now), now)
      case 'load':
        return this.#onCustody(this.#custody.onLoaded(), now)
      case 'announce':
        return this.#duty.desk?.onAnnounce(now) ?? []
      case 'deposit':
        return this.#duty.desk?.onDepositAgain() ?? []
      default:
        return this.attend(now)
    }
  }

  permission(epoch: number, now: Millis): Permission {
    const held = this.#keeper.held(now)
    const terms = this.#terms(now)
    const weights = this.#custody.weights()
    if (held !== undefined && terms !== undefined && weights !== undefined && held.epoch === epoch) {
      return { state: 'granted', manifest: terms.manifest, weights, attestation: held.attestation.id }
    }
    return refusedPermission({ duty: this.#duty, context: this.#context, held }, epoch)
  }

  /** `undefined` when this peer has no right to the model. */
  state(now: Millis): ModelState | undefined {
    const { model } = this.#duty
    if (this.#terms(now) === undefined) return undefined
    const held = this.#keeper.held(now)
    const temperature = this.#custody.temperature()
    if (held !== undefined && temperature === 'hot') return { model, state: 'holder', epoch: held.epoch }
    return { model, state: temperature, epoch: this.#epochSeen }
  }

  onBlobAsked(asked: Asked<MessageOf<'FetchBlob'>>, now: Millis): readonly PeerEffect[] {
    return this.#custody.onBlobAsked(asked, now)
  }

  onKeyAsked(asked: Asked<MessageOf<'ReleaseShare'>>, now: Millis): readonly PeerEffect[] {
    const { desk } = this.#duty
    if (desk === undefined) return refuse(asked, 'not-authorized', 'only the owner and the grantors give the key away')
    return desk.onKeyAsked(asked, this.#keeper.held(now), now)
  }

  /** The owner, and nobody else, may ask for the lease back; the answer comes once the grantors know. */
  onReleaseAsked(asked: Asked<MessageOf<'ReleaseLease'>>, now: Millis): readonly PeerEffect[] {
    const { services } = this.#context
    const release = openNested('leaseRelease', asked.message.release, services)
    if (release === undefined || release.signer !== this.#duty.owner)
      return refuse(asked, 'not-authorized', "expected the owner's signature")
    const held = this.#keeper.held(now)
    if (held === undefined) return [respond<Message>(asked.id, { type: 'LeaseReleased', maxEpoch: this.#epochSeen })]
    if (release.payload.epoch !== held.epoch) return refuse(asked, 'stale-epoch', `the lease is of epoch ${held.epoch}`)
    this.#handingBack = asked.id
    return this.#giveUp(now)
  }

  /** The owner's command. `undefined` when there is nothing to ask for. */
  handBack(now: Millis): HandbackDemand | undefined {
    return this.#duty.desk === undefined ? undefined : demandBack(this.#duty, this.#context, now)
  }

  #onHandedBack(message: Message | undefined, now: Millis): readonly PeerEffect[] {
    if (message?.type !== 'LeaseReleased') return this.attend(now)
    this.#epochSeen = Math.max(this.#epochSeen, message.maxEpoch)
    this.#returning = this.#epochSeen + 1
    return this.attend(now)
  }

  #onKeeper({ effects, news }: Step<KeeperNews>, now: Millis): readonly PeerEffect[] {
    if (news === undefined) return effects
    switch (news.type) {
      case 'acquired':
      case 'renewed': {
        this.#returning = undefined
        this.#epochSeen = Math.max(this.#epochSeen, news.lease.epoch)
        this.#candidacy.end()
        const learnt = this.#context.book.learn(news.lease.envelope, now)
        return [...effects, ...(learnt.state === 'news' ? learnt.effects : []), ...this.attend(now)]
      }
      case 'short':
        return [...effects, ...this.#onShort(news, now)]
      case 'ended':
        return [...effects, ...this.#coolDown(now), ...this.attend(now)]
      case 'released': {
        const waiting = this.#handingBack
        this.#handingBack = undefined
        const told = waiting === undefined ? [] : [respond<Message>(waiting, { type: 'LeaseReleased', maxEpoch: this.#epochSeen })]
        return [...effects, ...told]
      }
    }
  }

  #onShort({ epoch, result }: Extract<KeeperNews, { type: 'short' }>, now: Millis): readonly PeerEffect[] {
    if (this.#keeper.held(now) !== undefined) return []
    this.#epochSeen = Math.max(this.#epochSeen, result.maxEpoch)
    if (this.#returning === undefined) return this.#candidacy.onShort(epoch, result, now)
    // Higher epochs were promised meanwhile: somebody took over, or tries to.
    if (result.maxEpoch >= this.#returning) this.#returning = undefined
    return [setTimer(`lease/takeover/${this.#duty.model}`, Math.ceil(this.#heartbeat() / 2))]
  }

  #onCustody({ effects, news }: Step<StoreNews>, now: Millis): readonly PeerEffect[] {
    switch (news?.type) {
      case undefined:
        return effects
      case 'sealed':
      case 'loaded':
        return [...effects, ...this.#readyToStandBy(now), ...this.attend(now)]
      case 'keyless':
        if (this.#custody.gatherings() >= gatheringsMax) return [...effects, ...this.#giveUp(now)]
        return [...effects, setTimer(`lease/key/${this.#duty.model}`, this.#heartbeat())]
    }
  }

  #renew(now: Millis): readonly PeerEffect[] {
    const held = this.#keeper.held(now)
    const terms = held === undefined ? undefined : renewalTerms(this.#duty, this.#context, held, now)
    return held === undefined || terms === undefined ? this.attend(now) : this.#keeper.ask(held.epoch, terms, now)
  }

  /** Under a lease: gets the key if the weights are sealed, then says that this peer serves. */
  #activate(now: Millis): readonly PeerEffect[] {
    const held = this.#keeper.held(now)
    if (held === undefined || this.#isActive) return []
    if (this.#custody.weights() === undefined) return this.#duty.desk === undefined ? this.#custody.gather(held) : []
    this.#isActive = true
    const { model, desk } = this.#duty
    const temperature = this.#custody.gatherings() > 0 ? 'warm' : 'hot'
    const activated: LeaseEvent = { type: 'standbyActivated', model, epoch: held.epoch, temperature }
    return [this.#ready('holder'), ...(desk === undefined ? [emit(activated)] : [])]
  }

  /** Gives the lease back and lets others try first. */
  #giveUp(now: Millis): readonly PeerEffect[] {
    this.#candidacy.stayQuiet(now + this.#context.services.directory.genesis.parameters.lease.ttl)
    return this.#onKeeper(this.#keeper.release(now), now)
  }

  /** Without the owner's right nothing of the model stays here. */
  #withdraw(now: Millis): readonly PeerEffect[] {
    this.#returning = undefined
    this.#isActive = false
    return [...this.#keeper.release(now).effects, ...(this.#duty.desk === undefined ? this.#custody.cool('cold') : [])]
  }

  /** After a lease a standby keeps what its right says; an owner keeps all. */
  #coolDown(now: Millis): readonly PeerEffect[] {
    this.#isActive = false
    const delegation = this.#terms(now)?.delegation
    return this.#duty.desk !== undefined ? [] : this.#custody.cool(delegation?.payload.temperature ?? 'cold')
  }

  #terms(now: Millis): LeaseTerms | undefined {
    return termsOf(this.#duty, this.#context, now)
  }

  #readyToStandBy(now: Millis): readonly PeerEffect[] {
    const terms = this.#terms(now)
    const temperature = this.#custody.temperature()
    if (this.#keeper.held(now) !== undefined || terms === undefined) return []
    if (temperature === 'cold') {
      const cold = terms.delegation?.payload.temperature === 'cold'
      return cold ? [emit<LeaseEvent>({ type: 'standbyReady', model: this.#duty.model, temperature })] : []
    }
    const standing = this.#duty.desk === undefined
    return [
      this.#ready(temperature),
      ...(standing ? [emit<LeaseEvent>({ type: 'standbyReady', model: this.#duty.model, temperature })] : []),
    ]
  }

  #ready(state: string): Effect<never, never> {
    const { model } = this.#duty
    const weightsRoot = this.#context.book.get(model)?.manifest?.payload.weightsRoot ?? ''
    return emit<OperatorEvent>({ type: 'modelReady', model, state, weightsRoot })
  }

  #me(): PeerId {
    return this.#context.services.identity.peerId
  }

  #heartbeat(): Millis {
    return this.#context.services.directory.genesis.parameters.heartbeatEvery
  }
}
