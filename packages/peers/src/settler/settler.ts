import { assert, assertNever, forget, type GossipVerdict, type Millis, publish, respond, setTimer, subscribe } from '@infermesh/kernel'
import {
  type Envelope,
  type Message,
  type PeerEffect,
  type PeerInput,
  type PeerMachine,
  type PeerServices,
  Signer,
  type Topic,
  topics,
} from '@infermesh/protocol'
import {
  balanceOf,
  check,
  commit,
  createLedger,
  isLogged,
  type LoggedEntry,
  RevealChain,
  type Step,
  settlersOf,
} from '@infermesh/protocol/ledger'
import { admit } from '../admission.ts'
import { ANNOUNCE_TIMER, Announcer } from './announcer.ts'
import { Archive } from './archive.ts'
import { ChainFollower, type Followed } from './chain-follower.ts'
import { decodeRecord, RECORD_KEY } from './consensus-record.ts'
import { HeightRun, type Ran, roundTimer } from './height-run.ts'
import { Intake } from './intake.ts'
import { Mempool } from './mempool.ts'
import { openedEntry } from './opened-entry.ts'
import { BLOCK_TIMER, Pace } from './pace.ts'
import { type Finalized, settledEvents } from './settled-events.ts'
import { type SettlerConfig, settlerDefaults } from './settler-config.ts'
import type { SettlerParts } from './settler-parts.ts'

/** Agrees with the other settlers on the log, block by block, and keeps the ledger that follows from it. */
export const createSettler = (config: SettlerConfig, services: PeerServices): PeerMachine =>
  new Settler({ ...settlerDefaults, ...config }, services)

const AGAIN_TIMER = 'again'

class Settler implements PeerMachine {
  readonly #services: PeerServices
  readonly #parts: SettlerParts
  readonly #follower: ChainFollower
  readonly #pace: Pace
  readonly #intake: Intake
  readonly #announcer: Announcer
  #run: HeightRun

  constructor(config: Required<SettlerConfig>, services: PeerServices) {
    const { identity, directory, crypto } = services
    const sealing = { networkId: directory.genesis.networkId, crypto }
    const mempool = new Mempool(config.mempool)
    this.#services = services
    this.#parts = {
      identity,
      ledger: createLedger(directory, sealing, { waived: services.waived }),
      signer: new Signer(identity, sealing),
      settlers: settlersOf(directory),
      reveals: new RevealChain(crypto.hash, identity),
      archive: new Archive(sealing),
      mempool,
      candidates: () => mempool.candidates().filter((entry) => !isCensored(entry, config)),
    }
    const { settlers, ledger, archive } = this.#parts
    const sources = settlers.filter((settler) => settler !== identity.peerId)
    const lookup = (id: string) => mempool.find(id) ?? archive.find(id)
    this.#follower = new ChainFollower({ sources, prefix: 'sync/' }, ledger, { lookup, first: settlers.indexOf(identity.peerId) })
    this.#pace = new Pace(ledger)
    this.#intake = new Intake(config, this.#parts)
    this.#announcer = new Announcer(config.announceAfter, this.#parts)
    this.#run = new HeightRun(this.#parts, [])
  }

  validate(topic: string, envelope: Envelope): GossipVerdict {
    const verdict = admit(this.#services.directory, topic, envelope)
    if (verdict !== 'accept' || (envelope.type !== 'vote' && envelope.type !== 'proposal')) return verdict
    return envelope.payload.height < this.#run.height ? 'ignore' : 'accept'
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    const effects = this.#route(input, now)
    return this.#run.isStarted() ? effects : [...effects, ...this.#pace.timer(now)]
  }

  #route(input: PeerInput, now: Millis): PeerEffect[] {
    switch (input.type) {
      case 'started':
        return this.#onStarted(input.saved, now)
      case 'gossip':
        return this.#onGossip(input.envelope, now)
      case 'timer':
        return this.#onTimer(input.key, now)
      case 'request':
        return this.#onRequest(input.id, input.message, now)
      case 'response':
        if (this.#follower.owns(input.callId)) return this.#followed(this.#follower.onResponse(input.callId, input.message), now)
        return this.#run.owns(input.callId) ? this.#ran(this.#run.onEntries(input.callId, input.message, now), now) : []
      case 'failed':
        return this.#follower.owns(input.callId) ? this.#followed(this.#follower.onFailed(input.callId), now) : []
      case 'cancelled':
      case 'peerLost':
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  /** Replays the log from the disk, then goes on where it stood: in the chain first, in the vote at hand second. */
  #onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): PeerEffect[] {
    const { ledger, archive, mempool } = this.#parts
    const { checkpoints, entries } = archive.restore(saved)
    let precommits: readonly Uint8Array[] = []
    for (const { payload } of checkpoints) {
      commit(ledger, this.#replayed(payload, entries))
      precommits = payload.precommits
    }
    for (const entry of entries.values()) if (ledger.store.get('entry', entry.id) === undefined) mempool.add(entry, now)
    if (mempool.size() > 0) this.#pace.onNews()
    const raw = saved.get(RECORD_KEY)
    const record = raw === undefined ? undefined : decodeRecord(raw, ledger.rules.sealing)
    const isCurrent = record?.height === ledger.head.height + 1
    this.#run = new HeightRun(this.#parts, precommits, isCurrent ? record : undefined)
    return [
      ...Object.keys(topics)
        .filter((topic) => topic !== ('capacity' satisfies Topic))
        .map(subscribe),
      ...this.#followed(this.#follower.poll(), now),
      ...(isCurrent ? this.#ran(this.#run.resume(record, now), now) : []),
      setTimer(AGAIN_TIMER, this.#againEvery()),
    ]
  }

  #replayed(checkpoint: Envelope<'checkpoint'>['payload'], entries: ReadonlyMap<string, Envelope>): Step {
    const { block } = checkpoint
    const found = block.entries.flatMap((id) => entries.get(id) ?? [])
    const checked = check(this.#parts.ledger, block, found)
    assert(checked.ok, `the disk is damaged: block ${block.height} does not follow: ${checked.ok ? '' : checked.reason}`)
    return checked.step
  }

  #onGossip(envelope: Envelope, now: Millis): PeerEffect[] {
    switch (envelope.type) {
      case 'vote':
      case 'proposal':
        return this.#onBallot(envelope, now)
      case 'checkpoint':
        this.#announcer.onHeard(envelope)
        return this.#followed(this.#follower.offer(envelope), now)
      default:
        return isLogged(envelope) ? this.#take(envelope, now) : []
    }
  }

  #onBallot(ballot: Envelope<'vote'> | Envelope<'proposal'>, now: Millis): PeerEffect[] {
    const { height } = ballot.payload
    if (height > this.#run.height) return this.#followed(this.#follower.heard(height - 1, ballot.signer), now)
    if (height < this.#run.height) return []
    return this.#ran(ballot.type === 'vote' ? this.#run.onVote(ballot, now) : this.#run.onProposal(ballot, now), now)
  }

  #take(entry: LoggedEntry, now: Millis): PeerEffect[] {
    const effects = this.#intake.take(entry, now)
    if (effects.length > 0) this.#pace.onNews()
    return effects
  }

  #onTimer(key: string, now: Millis): PeerEffect[] {
    if (key === BLOCK_TIMER) return this.#beginBlock(now)
    if (key === AGAIN_TIMER) return this.#sayAgain(now)
    if (key === ANNOUNCE_TIMER) return this.#announcer.onTimer()
    if (this.#follower.owns(key)) return this.#followed(this.#follower.onTimer(), now)
    const timeout = roundTimer(key, this.#run.height)
    return timeout === undefined ? [] : this.#ran(this.#run.onTimeout(timeout.step, timeout.round, now), now)
  }

  /** A block is worth a vote if it orders something, or if time alone brings something about. */
  #beginBlock(now: Millis): PeerEffect[] {
    this.#pace.onTimer()
    if (this.#run.isStarted()) return []
    if (this.#pace.isDue(now)) return this.#ran(this.#run.start(now), now)
    const { orders, refused } = this.#run.prospect(now)
    if (orders) return this.#ran(this.#run.start(now), now)
    this.#pace.onNothingToOrder()
    // Everything that is left waits for something: the only time at which waiting too long says anything.
    return [...this.#intake.drop(refused), ...this.#intake.dropStale(now)]
  }

  #sayAgain(now: Millis): PeerEffect[] {
    const stuck = this.#run.isStarted() ? [...this.#run.sayAgain(now), ...this.#followed(this.#follower.poll(), now)] : []
    return [...stuck, setTimer(AGAIN_TIMER, this.#againEvery())]
  }

  #onRequest(id: string, message: Message, now: Millis): PeerEffect[] {
    const { archive, ledger } = this.#parts
    if (message.type === 'SubmitEntry') return this.#onSubmission(id, message.entry, now)
    if (message.type === 'FetchEntries') return [respond(id, archive.entriesAnswer(message))]
    if (message.type === 'FetchCheckpoints') return [respond(id, archive.checkpointsAnswer(message, ledger.head.height))]
    if (message.type === 'FetchAccount') {
      const { peer } = message
      return [respond(id, { type: 'Account', peer, balance: balanceOf(ledger.store, peer), height: ledger.head.height })]
    }
    const detail = `a settler gives checkpoints, log entries and balances, not ${message.type}`
    return [respond(id, { type: 'Refused', code: 'bad-request', detail, retryAfter: undefined })]
  }

  /** The same gate as for gossip: a stream is no way around it. */
  #onSubmission(id: string, raw: Uint8Array, now: Millis): PeerEffect[] {
    const opened = openedEntry(raw, this.#services)
    if (typeof opened === 'string') return [respond(id, { type: 'Refused', code: 'bad-request', detail: opened, retryAfter: undefined })]
    return [...this.#take(opened, now), respond(id, { type: 'EntryTaken' })]
  }

  /** Takes over blocks that others made final, as many as are here. */
  #followed(followed: Followed, now: Millis): PeerEffect[] {
    const effects = [...followed.effects]
    for (let { arrived } = followed; arrived !== undefined; ) {
      effects.push(...arrived.entries.flatMap((entry) => this.#parts.archive.keepEntry(entry)))
      const round = arrived.votes[0]?.payload.round ?? 0
      effects.push(...this.#finalize({ checkpoint: arrived.checkpoint, round, step: arrived.step }, now))
      const next = this.#follower.next()
      effects.push(...next.effects)
      arrived = next.arrived
    }
    return effects
  }

  #ran(ran: Ran, now: Millis): PeerEffect[] {
    const effects = [...ran.effects, ...this.#intake.drop(ran.refused)]
    if (ran.contradiction !== undefined) effects.push(...this.#report(ran.contradiction, now))
    if (ran.decided === undefined) return effects
    const { step, entries, precommits, round } = ran.decided
    effects.push(...entries.flatMap((entry) => this.#parts.archive.keepEntry(entry)))
    const payload = { block: step.block, precommits: precommits.map(({ bytes }) => bytes) }
    const checkpoint = this.#parts.signer.sign('checkpoint', payload, now)
    return [...effects, ...this.#finalize({ checkpoint, round, step }, now), ...this.#announcer.onFinal(checkpoint, round)]
  }

  /** The block and its entries are on disk before anybody hears of it. */
  #finalize(finalized: Finalized, now: Millis): PeerEffect[] {
    const { ledger, archive, mempool, signer } = this.#parts
    const { checkpoint, step } = finalized
    const find = (id: string) => mempool.find(id) ?? archive.find(id)
    commit(ledger, step)
    const effects = [archive.keepCheckpoint(checkpoint), forget(RECORD_KEY), ...settledEvents(finalized, find, signer)]
    for (const id of step.block.entries) mempool.remove(id)
    this.#run = new HeightRun(this.#parts, checkpoint.payload.precommits)
    this.#pace.onFinal(now, mempool.size() > 0)
    return effects
  }

  #report([first, second]: readonly [Envelope<'vote'>, Envelope<'vote'>], now: Millis): PeerEffect[] {
    const { signer } = this.#parts
    const statements = [first.bytes, second.bytes]
    const evidence = signer.sign('evidence', { kind: 'equivocation', accused: first.signer, statements, height: this.#run.height }, now)
    return [publish('evidence', evidence), ...this.#take(evidence, now)]
  }

  #againEvery(): Millis {
    return this.#parts.ledger.rules.parameters.settlement.roundTimeout
  }
}

function isCensored(entry: Envelope, { censors }: Pick<Required<SettlerConfig>, 'censors'>): boolean {
  return entry.type === 'receipt' && censors.includes(entry.signer)
}
