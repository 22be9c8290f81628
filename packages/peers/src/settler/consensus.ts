import type { PeerId } from '@infermesh/kernel'
import { quorumOf } from '@infermesh/protocol/ledger'
import { type Ballot, NIL, VoteCount, type VoteKind } from './vote-count.ts'

export type Step = 'propose' | 'prevote' | 'precommit'

/** A block and the round in which it got its votes. */
export interface Attachment {
  readonly round: number
  readonly blockId: string
}

/** What must be on disk before a vote leaves: with it a settler that restarts cannot contradict itself. */
export interface ConsensusState {
  readonly round: number
  readonly step: Step
  /** The block this settler precommitted last. It prevotes no other, until a later round shows that it may. */
  readonly locked?: Attachment | undefined
  /** The latest block known to have had its prevotes: proposed again when it is this settler's turn. */
  readonly valid?: Attachment | undefined
}

export interface ConsensusConfig {
  readonly settlers: readonly PeerId[]
  readonly self: PeerId
  readonly height: number
  /** Votes that decide; more than two thirds unless told. */
  readonly quorum?: number
}

/** What the settler must do. `decide` is the last. */
export type Action =
  | { readonly type: 'propose'; readonly round: number; readonly valid?: Attachment | undefined }
  | { readonly type: 'vote'; readonly kind: VoteKind; readonly round: number; readonly blockId: string }
  | { readonly type: 'wait'; readonly step: Step; readonly round: number }
  | { readonly type: 'decide'; readonly round: number; readonly blockId: string }

interface ProposalView {
  readonly blockId: string
  /** Round in which the block got its prevotes; -1 for a new block. */
  readonly validRound: number
}

export const proposerOf = (settlers: readonly PeerId[], height: number, round: number): PeerId =>
  settlers[(height + round) % settlers.length] ?? ''

/**
 * Tendermint's algorithm for one height (Buchman, Kwon, Milosevic: arXiv 1807.04938, algorithm 1). It knows blocks by name only;
 * the settler says which are valid, sends what it is told to and feeds its own votes back like everybody's.
 */
export class Consensus {
  readonly #config: ConsensusConfig
  readonly #votes = new VoteCount()
  readonly #proposals = new Map<number, ProposalView>()
  readonly #validity = new Map<string, boolean>()
  readonly #waited = new Set<string>()
  /** Blocks and rounds for which a quorum of prevotes was shown at once. */
  readonly #shown = new Set<string>()
  #state: ConsensusState
  #isDecided = false

  constructor(config: ConsensusConfig, state: ConsensusState = { round: 0, step: 'propose' }) {
    this.#config = config
    this.#state = state
  }

  state(): ConsensusState {
    return this.#state
  }

  /** Enters the height, or comes back to it after a restart: a step that was taken is not taken again. */
  start(): Action[] {
    const { round, step } = this.#state
    return step === 'propose' ? this.#enter(round) : [...this.#wait(step, round), ...this.#advance()]
  }

  onProposal(round: number, proposal: ProposalView): Action[] {
    if (proposal.blockId === NIL) return []
    if (!this.#proposals.has(round)) this.#proposals.set(round, proposal)
    this.#votes.heard(proposerOf(this.#config.settlers, this.#config.height, round), round)
    return this.#advance()
  }

  onValidity(blockId: string, isValid: boolean): Action[] {
    this.#validity.set(blockId, isValid)
    return this.#advance()
  }

  /** A quorum of prevotes was shown whole. It stands whatever their signers said here: a liar's first word is not the same everywhere. */
  onGrounds({ round, blockId }: Attachment): Action[] {
    this.#shown.add(`${round}/${blockId}`)
    return this.#advance()
  }

  onVote(ballot: Ballot): Action[] {
    return this.#votes.add(ballot) ? this.#advance() : []
  }

  onTimeout(step: Step, round: number): Action[] {
    if (round !== this.#state.round || this.#isDecided) return []
    if (step === 'precommit') return this.#enter(round + 1)
    if (step !== this.#state.step) return []
    return [...this.#vote(step === 'propose' ? 'prevote' : 'precommit', NIL), ...this.#advance()]
  }

  #enter(round: number): Action[] {
    this.#state = { ...this.#state, round, step: 'propose' }
    const { settlers, self, height } = this.#config
    if (proposerOf(settlers, height, round) !== self) return [...this.#wait('propose', round), ...this.#advance()]
    return [{ type: 'propose', round, valid: this.#state.valid }, ...this.#wait('propose', round), ...this.#advance()]
  }

  /** Applies the rules until none applies. */
  #advance(): Action[] {
    const actions: Action[] = []
    for (let fired = this.#rule(); fired.length > 0 && !this.#isDecided; fired = this.#rule()) actions.push(...fired)
    return actions.concat(this.#decision())
  }

  #rule(): Action[] {
    const ahead = this.#votes.reachedBy(this.#oneHonest())
    if (ahead > this.#state.round) return this.#enter(ahead)
    if (this.#decidable() !== undefined) return []
    return this.#firstOf(
      () => this.#answerProposal(),
      () => this.#answerPrevotes(),
      () => this.#countTime(),
    )
  }

  #firstOf(...rules: readonly (() => Action[])[]): Action[] {
    for (const rule of rules) {
      const actions = rule()
      if (actions.length > 0) return actions
    }
    return []
  }

  /** Prevotes: for a new block unless locked on another, for an old one if its prevotes are later than the lock. */
  #answerProposal(): Action[] {
    const { step, round, locked } = this.#state
    const proposal = this.#proposals.get(round)
    if (step !== 'propose' || proposal === undefined) return []
    const { blockId, validRound } = proposal
    if (validRound >= round) return this.#vote('prevote', NIL)
    if (validRound >= 0 && !this.#isGrounded({ round: validRound, blockId })) return []
    const isValid = this.#validity.get(blockId)
    if (isValid === undefined) return []
    const isFree = locked === undefined || locked.blockId === blockId || locked.round <= validRound
    return this.#vote('prevote', isValid && isFree ? blockId : NIL)
  }

  #isGrounded({ round, blockId }: Attachment): boolean {
    return this.#shown.has(`${round}/${blockId}`) || this.#votes.count('prevote', round, blockId) >= this.#quorum()
  }

  /** Precommits: for a block with a quorum of prevotes (and locks on it), for none once a quorum wants none. */
  #answerPrevotes(): Action[] {
    const { step, round, valid } = this.#state
    const proposal = this.#proposals.get(round)
    const isWanted = proposal !== undefined && this.#votes.count('prevote', round, proposal.blockId) >= this.#quorum()
    if (isWanted && step !== 'propose' && this.#validity.get(proposal.blockId) === true) {
      const attachment = { round, blockId: proposal.blockId }
      if (step === 'prevote') {
        this.#state = { ...this.#state, locked: attachment, valid: attachment }
        return this.#vote('precommit', proposal.blockId)
      }
      if (valid?.round !== round) this.#state = { ...this.#state, valid: attachment }
    }
    return step === 'prevote' && this.#votes.count('prevote', round, NIL) >= this.#quorum() ? this.#vote('precommit', NIL) : []
  }

  /** Starts the clocks once enough have spoken, though they may disagree. */
  #countTime(): Action[] {
    const { step, round } = this.#state
    if (step === 'prevote' && this.#votes.count('prevote', round) >= this.#quorum()) return this.#wait('prevote', round)
    return this.#votes.count('precommit', round) >= this.#quorum() ? this.#wait('precommit', round) : []
  }

  #decidable(): { readonly round: number; readonly blockId: string } | undefined {
    for (const [round, { blockId }] of this.#proposals)
      if (this.#validity.get(blockId) === true && this.#votes.count('precommit', round, blockId) >= this.#quorum())
        return { round, blockId }
    return undefined
  }

  #decision(): Action[] {
    const decision = this.#isDecided ? undefined : this.#decidable()
    if (decision === undefined) return []
    this.#isDecided = true
    return [{ type: 'decide', ...decision }]
  }

  #vote(kind: VoteKind, blockId: string): Action[] {
    this.#state = { ...this.#state, step: kind }
    return [{ type: 'vote', kind, round: this.#state.round, blockId }]
  }

  #wait(step: Step, round: number): Action[] {
    const key = `${step}/${round}`
    if (this.#waited.has(key)) return []
    this.#waited.add(key)
    return [{ type: 'wait', step, round }]
  }

  #quorum(): number {
    return this.#config.quorum ?? quorumOf(this.#config.settlers.length)
  }

  /** So many that one of them at least is honest. */
  #oneHonest(): number {
    return this.#config.settlers.length - this.#quorum() + 1
  }
}
