import { emit, type Millis, publish, save, setTimer } from '@infermesh/kernel'
import type { Envelope, Message, PeerEffect, Vote } from '@infermesh/protocol'
import { blockIdOf, propose, quorumOf, revealFits, ZERO_DIGEST } from '@infermesh/protocol/ledger'
import { continuesChain } from './chain-follower.ts'
import { type Action, type Attachment, Consensus, proposerOf, type Step } from './consensus.ts'
import { type ConsensusRecord, encodeRecord, RECORD_KEY } from './consensus-record.ts'
import { type Examined, ExaminedBlocks } from './examined-blocks.ts'
import { shownIn } from './grounds.ts'
import type { SettlerParts } from './settler-parts.ts'

/** A decision, with the votes that made it. */
export interface Decided extends Examined {
  readonly round: number
  /** In genesis order of signers. */
  readonly precommits: readonly Envelope<'vote'>[]
}

export interface Ran {
  readonly effects: PeerEffect[]
  readonly decided?: Decided
  /** Two votes of one settler on one question. */
  readonly contradiction?: readonly [Envelope<'vote'>, Envelope<'vote'>]
  /** Entries that can never be logged, found while proposing. */
  readonly refused: readonly string[]
}

/** Rounds ahead of this one in which votes are counted. */
const ROUNDS_AHEAD_MAX = 64

/** One height's consensus with real envelopes: signs what the algorithm says, and saves it before it is sent. */
export class HeightRun {
  readonly height: number
  readonly #parts: SettlerParts
  readonly #commit: readonly Uint8Array[]
  readonly #core: Consensus
  readonly #blocks: ExaminedBlocks
  /** By kind, round and signer: the first vote of each. */
  readonly #votes = new Map<string, Envelope<'vote'>>()
  readonly #proposals = new Map<number, Envelope<'proposal'>>()
  #own: Envelope<'vote'>[] = []
  #isStarted = false
  #decided: { readonly round: number; readonly blockId: string } | undefined

  constructor(parts: SettlerParts, commit: readonly Uint8Array[], record?: ConsensusRecord) {
    const { ledger, settlers, identity } = parts
    this.#parts = parts
    this.#commit = commit
    this.height = ledger.head.height + 1
    const config = { settlers, self: identity.peerId, height: this.height, quorum: quorumOf(settlers.length, ledger.rules.waived) }
    this.#core = record === undefined ? new Consensus(config) : new Consensus(config, record.state)
    this.#blocks = new ExaminedBlocks(ledger, parts)
  }

  isStarted(): boolean {
    return this.#isStarted
  }

  /** Is there anything to order now? Entries that wait for others are not, and those that came too late are refused. */
  prospect(now: Millis): { readonly orders: boolean; readonly refused: readonly string[] } {
    const { ledger, identity, candidates } = this.#parts
    const header = { time: Math.max(ledger.head.time + 1, now), proposer: identity.peerId, commit: this.#commit }
    const { step, refused } = propose(ledger, candidates(), header)
    return { orders: step.block.entries.length > 0, refused: refused.map(({ id }) => id) }
  }

  start(now: Millis): Ran {
    if (this.#isStarted) return nothing
    this.#isStarted = true
    return this.#perform(this.#core.start(), now)
  }

  /** Takes the height up after a restart. What was said is said again, byte for byte: it may not have left. */
  resume(record: ConsensusRecord, now: Millis): Ran {
    const actions: Action[] = []
    const effects: PeerEffect[] = []
    this.#own = [...record.votes]
    for (const proposal of record.proposals) {
      this.#proposals.set(proposal.payload.round, proposal)
      const opinion = this.#blocks.examine(proposal.payload.block, proposal.signer, now)
      effects.push(...opinion.effects)
      if (opinion.verdict === 'valid') actions.push(...this.#core.onValidity(this.#idOf(proposal), true))
      actions.push(...this.#onGrounds(proposal), ...this.#core.onProposal(proposal.payload.round, viewOf(proposal, this.#idOf(proposal))))
    }
    for (const vote of [...record.votes, ...record.grounds]) {
      this.#votes.set(voteKey(vote), vote)
      actions.push(...this.#core.onVote(ballotOf(vote)))
    }
    this.#isStarted = true
    actions.unshift(...this.#core.start())
    const again = [...record.votes, ...record.proposals.filter(({ signer }) => signer === this.#parts.identity.peerId)]
    effects.push(...again.map((envelope) => publish('batches', envelope)))
    return this.#perform(actions, now, effects)
  }

  onProposal(proposal: Envelope<'proposal'>, now: Millis): Ran {
    const { height, round, block } = proposal.payload
    const isTurn = proposal.signer === proposerOf(this.#parts.settlers, this.height, round)
    if (height !== this.height || !isTurn || round > this.#core.state().round + ROUNDS_AHEAD_MAX) return nothing
    const first = this.#proposals.get(round) ?? proposal
    this.#proposals.set(round, first)
    const opinion = this.#blocks.examine(block, proposal.signer, now)
    const started = this.start(now)
    const effects = [...started.effects, ...opinion.effects]
    const actions = [...this.#onGrounds(proposal), ...this.#core.onProposal(round, viewOf(first, this.#idOf(first)))]
    if (opinion.verdict !== 'unknown') actions.push(...this.#core.onValidity(this.#idOf(proposal), opinion.verdict === 'valid'))
    return this.#perform(actions, now, effects)
  }

  onVote(vote: Envelope<'vote'>, now: Millis): Ran {
    const fault = this.#voteFault(vote)
    if (fault !== undefined) {
      const refusedInput = { type: 'refusedInput', from: vote.signer, what: 'vote', reason: fault } as const
      return { effects: [emit(refusedInput)], refused: [] }
    }
    const first = this.#votes.get(voteKey(vote))
    if (first !== undefined) return first.payload.blockId === vote.payload.blockId ? nothing : { ...nothing, contradiction: [first, vote] }
    this.#votes.set(voteKey(vote), vote)
    const started = this.start(now)
    return this.#perform(this.#core.onVote(ballotOf(vote)), now, started.effects)
  }

  onTimeout(step: Step, round: number, now: Millis): Ran {
    return this.#perform(this.#core.onTimeout(step, round), now)
  }

  owns(callId: string): boolean {
    return this.#blocks.owns(callId)
  }

  onEntries(callId: string, message: Message, now: Millis): Ran {
    const news = this.#blocks.onEntries(callId, message, now)
    if (news === undefined) return nothing
    const { blockId, opinion } = news
    const actions = opinion.verdict === 'unknown' ? [] : this.#core.onValidity(blockId, opinion.verdict === 'valid')
    return this.#perform(actions, now, [...opinion.effects])
  }

  /**
   * Gossip may lose anything: what still matters is signed anew and sent again, under a new id. Votes of the round before matter too:
   * whoever went on alone has the others wait for them.
   */
  sayAgain(now: Millis): PeerEffect[] {
    const { round } = this.#core.state()
    const { signer, identity } = this.#parts
    const matters = this.#own.filter(({ payload }) => payload.round >= round - 1)
    const effects: PeerEffect[] = matters.map(({ payload }) => publish('batches', signer.sign('vote', payload, now)))
    const proposal = this.#proposals.get(round)
    if (proposal?.signer === identity.peerId) effects.unshift(publish('batches', signer.sign('proposal', proposal.payload, now)))
    return effects
  }

  #onGrounds(proposal: Envelope<'proposal'>): Action[] {
    const shown = shownIn(proposal.payload, this.#idOf(proposal), this.#parts)
    return shown === undefined ? [] : this.#core.onGrounds(shown)
  }

  #idOf(proposal: Envelope<'proposal'>): string {
    return blockIdOf(this.#parts.ledger.rules, proposal.payload.block)
  }

  #voteFault({ signer, payload }: Envelope<'vote'>): string | undefined {
    if (payload.height !== this.height) return 'another height'
    if (payload.round > this.#core.state().round + ROUNDS_AHEAD_MAX) return 'a round far ahead'
    const mustReveal = payload.kind === 'precommit' && payload.blockId !== ZERO_DIGEST
    const { rules, store } = this.#parts.ledger
    const reveal = { settler: signer, height: payload.height, value: payload.reveal }
    const isRight = mustReveal ? revealFits(rules.hash, store, reveal) : payload.reveal === ZERO_DIGEST
    // Taken into a commit, it would make the next block invalid.
    return isRight ? undefined : 'the reveal does not continue its chain'
  }

  /** Does what the algorithm asks. Votes and proposals leave after one save that holds them all. */
  #perform(actions: readonly Action[], now: Millis, before: readonly PeerEffect[] = []): Ran {
    const queue = [...actions]
    const effects: PeerEffect[] = []
    const words: PeerEffect[] = []
    const refused: string[] = []
    for (let action = queue.shift(); action !== undefined; action = queue.shift()) {
      if (action.type === 'wait') effects.push(setTimer(timerKey(this.height, action), this.#patience(action.round)))
      else if (action.type === 'decide') this.#decided = action
      else if (action.type === 'vote') {
        const vote = this.#vote(action, now)
        words.push(publish('batches', vote))
        queue.push(...this.#core.onVote(ballotOf(vote)))
      } else {
        const { proposal, unfit } = this.#proposal(action, now)
        refused.push(...unfit)
        words.push(publish('batches', proposal))
        const blockId = this.#idOf(proposal)
        queue.push(...this.#core.onValidity(blockId, true), ...this.#core.onProposal(action.round, viewOf(proposal, blockId)))
      }
    }
    const decided = this.#decision()
    const kept = words.length > 0 ? [save(RECORD_KEY, encodeRecord(this.#record()))] : []
    return { effects: [...before, ...kept, ...words, ...effects], refused, ...(decided !== undefined && { decided }) }
  }

  #vote({ kind, round, blockId }: Extract<Action, { type: 'vote' }>, now: Millis): Envelope<'vote'> {
    const reveals = kind === 'precommit' && blockId !== ZERO_DIGEST
    const payload: Vote = { kind, height: this.height, round, blockId, reveal: reveals ? this.#parts.reveals.at(this.height) : ZERO_DIGEST }
    const vote = this.#parts.signer.sign('vote', payload, now)
    this.#votes.set(voteKey(vote), vote)
    this.#own = [...this.#own, vote]
    return vote
  }

  #proposal(
    { round, valid }: Extract<Action, { type: 'propose' }>,
    now: Millis,
  ): { proposal: Envelope<'proposal'>; unfit: readonly string[] } {
    const before = this.#proposals.get(round)
    if (before !== undefined) return { proposal: before, unfit: [] }
    const known = valid === undefined ? undefined : this.#blocks.get(valid.blockId)
    const { block, unfit } = known === undefined ? this.#newBlock(now) : { block: known.step.block, unfit: [] }
    const validRound = valid === undefined || known === undefined ? 0 : valid.round + 1
    const grounds = validRound === 0 ? [] : this.#groundsOf(valid).map(({ bytes }) => bytes)
    const proposal = this.#parts.signer.sign('proposal', { height: this.height, round, validRound, block, grounds }, now)
    this.#proposals.set(round, proposal)
    return { proposal, unfit }
  }

  #newBlock(now: Millis) {
    const { ledger, identity, candidates } = this.#parts
    const header = { time: Math.max(ledger.head.time + 1, now), proposer: identity.peerId, commit: this.#commit }
    const entries = candidates()
    const { step, refused } = propose(ledger, entries, header)
    const byId = new Map(entries.map((entry) => [entry.id, entry]))
    this.#blocks.add({ step, entries: step.block.entries.flatMap((id) => byId.get(id) ?? []) })
    return { block: step.block, unfit: refused.map(({ id }) => id) }
  }

  /** Decided, and with enough precommits that the next block may carry. A liar's reveal may make it wait for one vote more. */
  #decision(): Decided | undefined {
    const examined = this.#decided === undefined ? undefined : this.#blocks.get(this.#decided.blockId)
    if (this.#decided === undefined || examined === undefined) return undefined
    const { round, blockId } = this.#decided
    const { settlers, ledger } = this.#parts
    const votes = settlers.flatMap((signer) => this.#votes.get(`precommit/${round}/${signer}`) ?? [])
    const fitting = votes.filter((vote) => vote.payload.blockId === blockId && continuesChain(ledger, examined.step, vote))
    const quorum = quorumOf(settlers.length, ledger.rules.waived)
    return fitting.length < quorum ? undefined : { ...examined, round, precommits: fitting.slice(0, quorum) }
  }

  #record(): ConsensusRecord {
    const state = this.#core.state()
    const rounds = new Set([state.round, state.locked?.round, state.valid?.round])
    return {
      height: this.height,
      state,
      proposals: [...this.#proposals.values()].filter(({ payload }) => rounds.has(payload.round)),
      votes: this.#own.slice(-OWN_VOTES_KEPT),
      grounds: this.#groundsOf(state.valid),
    }
  }

  /** The prevotes that made a block valid: whoever is shown them may vote for it again. */
  #groundsOf(valid: Attachment | undefined): readonly Envelope<'vote'>[] {
    const { settlers, ledger } = this.#parts
    const votes = settlers.flatMap((signer) => this.#votes.get(`prevote/${valid?.round}/${signer}`) ?? [])
    return votes.filter(({ payload }) => payload.blockId === valid?.blockId).slice(0, quorumOf(settlers.length, ledger.rules.waived))
  }

  #patience(round: number): Millis {
    const { roundTimeout } = this.#parts.ledger.rules.parameters.settlement
    return roundTimeout + Math.round((roundTimeout * round) / 3)
  }
}

const OWN_VOTES_KEPT = 64

const nothing: Ran = { effects: [], refused: [] }

const voteKey = ({ signer, payload }: Envelope<'vote'>): string => `${payload.kind}/${payload.round}/${signer}`

const ballotOf = ({ signer, payload }: Envelope<'vote'>) => ({ signer, kind: payload.kind, round: payload.round, blockId: payload.blockId })

const viewOf = ({ payload }: Envelope<'proposal'>, blockId: string) => ({ blockId, validRound: payload.validRound - 1 })

const timerKey = (height: number, { step, round }: { step: Step; round: number }): string => `round/${height}/${round}/${step}`

/** Reads a timer's key back; `undefined` for other timers and other heights. */
export function roundTimer(key: string, height: number): { readonly step: Step; readonly round: number } | undefined {
  if (!key.startsWith('round/')) return undefined
  const [kind, at, round, step] = key.split('/')
  if (kind !== 'round' || Number(at) !== height || (step !== 'propose' && step !== 'prevote' && step !== 'precommit')) return undefined
  return { step, round: Number(round) }
}
