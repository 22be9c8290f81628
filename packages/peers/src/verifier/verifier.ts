import { assertNever, emit, forget, type GossipVerdict, type Millis, publish, save, setTimer, subscribe } from '@infermesh/kernel'
import {
  type AuditStage,
  commitmentOf,
  type Envelope,
  evidenceDigestOf,
  type PeerEffect,
  type PeerInput,
  type PeerMachine,
  type PeerServices,
  Signer,
} from '@infermesh/protocol'
import { type AuditRecord, commit, createLedger, type Ledger, openAudits, settlersOf } from '@infermesh/protocol/ledger'
import { admit } from '../admission.ts'
import { type Arrived, ChainFollower, type Followed } from '../settler/chain-follower.ts'
import { decodeOpening, encodeOpening, isOpeningKey, type Opening, openingKey, type Turn, turnKey } from './opening.ts'
import { type VerifierConfig, verifierDefaults } from './verifier-config.ts'
import { saltOf, Workbench, type Worked } from './workbench.ts'

/**
 * Follows the log, looks at the receipts it is drawn for, says what it found: first sealed, then openly. It works beside the
 * network and never in the way of an answer.
 */
export const createVerifier = (config: VerifierConfig, services: PeerServices): PeerMachine =>
  new Verifier({ ...verifierDefaults, ...config }, services)

const POLL_TIMER = 'poll'
const AGAIN_TIMER = 'again'

class Verifier implements PeerMachine {
  readonly #config: Required<VerifierConfig>
  readonly #services: PeerServices
  readonly #ledger: Ledger
  readonly #signer: Signer
  readonly #follower: ChainFollower
  readonly #bench: Workbench
  /** Receipts that are or may be looked at. */
  readonly #receipts = new Map<string, Envelope<'receipt'>>()
  /** Turns that this verifier took up, until the log is past them. */
  readonly #turns = new Map<string, Turn>()
  readonly #openings = new Map<string, Opening>()

  constructor(config: Required<VerifierConfig>, services: PeerServices) {
    const { identity, directory, crypto, random } = services
    const sealing = { networkId: directory.genesis.networkId, crypto }
    const sources = settlersOf(directory)
    this.#config = config
    this.#services = services
    this.#ledger = createLedger(directory, sealing, { waived: services.waived })
    this.#signer = new Signer(identity, sealing)
    const first = random.fork('follow').below(Math.max(1, sources.length))
    this.#follower = new ChainFollower({ sources, prefix: 'sync/' }, this.#ledger, { lookup: () => undefined, first })
    this.#bench = new Workbench(config, services)
  }

  validate(topic: string, envelope: Envelope): GossipVerdict {
    return admit(this.#services.directory, topic, envelope)
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return this.#onStarted(input.saved)
      case 'gossip':
        return input.envelope.type === 'checkpoint' ? this.#followed(this.#follower.offer(input.envelope), now) : []
      case 'response':
        if (this.#follower.owns(input.callId)) return this.#followed(this.#follower.onResponse(input.callId, input.message), now)
        return this.#bench.owns(input.callId) ? this.#worked(this.#bench.onResponse(input.callId, input.message, now), now) : []
      case 'failed':
        if (this.#follower.owns(input.callId)) return this.#followed(this.#follower.onFailed(input.callId), now)
        return this.#bench.owns(input.callId) ? this.#worked(this.#bench.onFailed(input.callId, now), now) : []
      case 'timer':
        return this.#onTimer(input.key, now)
      case 'computed':
        return this.#bench.owns(input.callId) ? this.#worked(this.#bench.onComputed(input.callId, input.result, input.last, now), now) : []
      case 'request':
      case 'cancelled':
      case 'peerLost':
        return []
      default:
        return assertNever(input)
    }
  }

  /** The log is fetched anew; what was committed to is on disk and can still be revealed. */
  #onStarted(saved: ReadonlyMap<string, Uint8Array>): PeerEffect[] {
    this.#bench.restore(saved)
    for (const [key, value] of saved) {
      if (!isOpeningKey(key)) continue
      const opening = decodeOpening(key, value)
      this.#openings.set(turnKey(opening), opening)
    }
    const timers = [setTimer(POLL_TIMER, this.#config.pollEvery), setTimer(AGAIN_TIMER, this.#config.againEvery)]
    return [subscribe('checkpoints'), ...this.#follower.poll().effects, ...timers]
  }

  #onTimer(key: string, now: Millis): PeerEffect[] {
    if (key === POLL_TIMER) return [...this.#followed(this.#follower.poll(), now), setTimer(POLL_TIMER, this.#config.pollEvery)]
    if (key === AGAIN_TIMER) return [...this.#speak(now), setTimer(AGAIN_TIMER, this.#config.againEvery)]
    if (this.#follower.owns(key)) return this.#followed(this.#follower.onTimer(), now)
    return this.#bench.owns(key) ? this.#worked(this.#bench.onTimer(key, now), now) : []
  }

  /** Folds in every block that has arrived; only then looks for what to do, so that old audits are not taken up. */
  #followed(followed: Followed, now: Millis): PeerEffect[] {
    const effects = [...followed.effects]
    if (followed.arrived === undefined) return effects
    let arrived: Arrived | undefined = followed.arrived
    while (arrived !== undefined) {
      commit(this.#ledger, arrived.step)
      for (const entry of arrived.entries) if (entry.type === 'receipt') this.#receipts.set(entry.id, entry)
      const next = this.#follower.next()
      effects.push(...next.effects)
      arrived = next.arrived
    }
    return [...effects, ...this.#leaveTurns(now), ...this.#takeTurns(now), ...this.#speak(now)]
  }

  #isSeated({ seats }: AuditRecord): boolean {
    return seats.includes(this.#services.identity.peerId)
  }

  #takeTurns(now: Millis): PeerEffect[] {
    const { store, head } = this.#ledger
    const effects: PeerEffect[] = []
    for (const id of openAudits(store)) {
      const audit = store.get('audit', id)
      const receipt = this.#receipts.get(id)
      if (audit === undefined || receipt === undefined || audit.phase !== 'commit' || !this.#isSeated(audit)) continue
      // While catching up, audits open that have long been closed.
      if (audit.until + this.#ledger.rules.parameters.audit.commitWithin < now) continue
      const turn = { receipt: id, stage: audit.stage, draw: audit.draw }
      if (this.#turns.has(turnKey(turn)) || hasCommitted(audit, this.#services.identity.peerId)) continue
      this.#turns.set(turnKey(turn), turn)
      effects.push(emit({ type: 'auditDrawn', receipt: id, stage: turn.stage, height: head.height }))
      if (!this.#openings.has(turnKey(turn))) effects.push(...this.#begin(turn, receipt, now))
    }
    return effects
  }

  #begin(turn: Turn, receipt: Envelope<'receipt'>, now: Millis): PeerEffect[] {
    const { conduct } = this.#config
    const model = this.#ledger.store.get('model', receipt.payload.model)
    if (conduct === 'lazy' || conduct === 'accuse') {
      const { crypto, identity } = this.#services
      const evidenceDigest = evidenceDigestOf(crypto.hash, identity.peerId, [])
      const opening: Opening = {
        ...turn,
        verdict: conduct === 'lazy' ? 'match' : 'mismatch',
        evidenceDigest,
        salt: saltOf(this.#services, turn),
      }
      return this.#worked({ effects: [], finished: [{ ...opening, tookMs: 0 }] }, now)
    }
    if (model === undefined || !this.#bench.canTake()) return [emit({ type: 'dropped', queue: 'verifier backlog', count: 1 })]
    return this.#worked(this.#bench.take(turn, { receipt, model }, now), now)
  }

  /** Each finding is on disk before the commitment to it leaves. */
  #worked({ effects, finished }: Worked, now: Millis): PeerEffect[] {
    const said = finished.flatMap(({ tookMs, ...opening }) => {
      this.#openings.set(turnKey(opening), opening)
      const { receipt, stage, verdict } = opening
      const given = emit({ type: 'verdictGiven', receipt, stage, verdict, tookMs, backlog: this.#bench.backlog() })
      return [save(openingKey(opening), encodeOpening(opening)), given, this.#commitTo(opening, now)]
    })
    return [...effects, ...said]
  }

  /** Turns that the log has left behind, and receipts that nobody will look at. */
  #leaveTurns(now: Millis): PeerEffect[] {
    const effects: PeerEffect[] = []
    for (const turn of [...this.#turns.values(), ...this.#openings.values()]) {
      if (!this.#isPast(turn)) continue
      this.#turns.delete(turnKey(turn))
      if (this.#openings.delete(turnKey(turn))) effects.push(forget(openingKey(turn)))
      if (this.#bench.has(turn)) effects.push(emit({ type: 'dropped', queue: 'verifier too late', count: 1 }))
      effects.push(...this.#worked(this.#bench.abandon(turn, now), now))
    }
    for (const id of this.#receipts.keys()) if (!this.#mayBeDrawn(id)) this.#receipts.delete(id)
    return effects
  }

  #mayBeDrawn(id: string): boolean {
    const { store, head } = this.#ledger
    const receipt = store.get('receipt', id)
    return receipt?.state === 'audited' || (receipt?.state === 'held' && receipt.loggedAt === head.time)
  }

  /** After a restart the ledger begins anew: a turn that it has not come to yet is not past. */
  #isPast(turn: Turn): boolean {
    const { store } = this.#ledger
    const audit = store.get('audit', turn.receipt)
    if (audit === undefined) return store.get('receipt', turn.receipt) !== undefined && !this.#mayBeDrawn(turn.receipt)
    const ahead = stages.indexOf(audit.stage) - stages.indexOf(turn.stage) || audit.draw - turn.draw
    return ahead > 0
  }

  /** Says what is due and not in the log yet: gossip may have lost it. */
  #speak(now: Millis): PeerEffect[] {
    const { identity } = this.#services
    return [...this.#openings.values()].flatMap((opening) => {
      const audit = this.#ledger.store.get('audit', opening.receipt)
      if (audit === undefined || audit.stage !== opening.stage || audit.draw !== opening.draw) return []
      if (audit.phase === 'commit') return hasCommitted(audit, identity.peerId) ? [] : [this.#commitTo(opening, now)]
      const mayReveal = hasCommitted(audit, identity.peerId) && !audit.findings.some(({ verifier }) => verifier === identity.peerId)
      return mayReveal && this.#config.conduct !== 'silent' ? [this.#reveal(opening, now)] : []
    })
  }

  #commitTo(opening: Opening, now: Millis): PeerEffect {
    const { receipt, stage, draw } = opening
    const commitment = commitmentOf(this.#services.crypto.hash, this.#services.identity.peerId, opening)
    return publish('verdicts', this.#signer.sign('verdictCommit', { receipt, stage, draw, commitment }, now))
  }

  #reveal(opening: Opening, now: Millis): PeerEffect {
    return publish('verdicts', this.#signer.sign('verdictReveal', opening, now))
  }
}

const stages: readonly AuditStage[] = ['first', 'committee', 'appeal']

const hasCommitted = ({ commits }: AuditRecord, verifier: string): boolean => commits.some((made) => made.verifier === verifier)
