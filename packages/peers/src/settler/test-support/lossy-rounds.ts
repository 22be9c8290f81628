import { type Random, randomFrom } from '@infermesh/kernel'
import { type Action, Consensus, type ConsensusState, proposerOf } from '../consensus.ts'
import { type Ballot, NIL } from '../vote-count.ts'
import { settlers } from './schedule.ts'

type Restored = (state: ConsensusState) => ConsensusState
type Kind = 'proposal' | 'prevote' | 'precommit'
type Said = { readonly to: number; readonly tell: (core: Consensus) => Action[]; readonly kind: Kind }

const phases: readonly Kind[] = ['proposal', 'prevote', 'precommit']
const clocks = { proposal: 'propose', prevote: 'prevote', precommit: 'precommit' } as const
const honest = [0, 1, 2]
const ROUNDS = 6

/**
 * One height in lock-step: in each phase of a round a message reaches a settler or never does, then the clocks run out. The fourth
 * settler tells each what it likes to hear. After each phase the settlers restart with what `restored` leaves them.
 */
export function lossyRounds(seed: number, restored: Restored): ReadonlySet<string> {
  const rounds = new LossyRounds(randomFrom(`lossy ${seed}`), restored)
  for (let round = 0; round < ROUNDS; round++) for (const kind of phases) rounds.phase(round, kind)
  return rounds.decided()
}

class LossyRounds {
  readonly #random: Random
  readonly #restored: Restored
  readonly #cores = honest.map((index) => fresh(index))
  readonly #heard: Said[][] = honest.map(() => [])
  readonly #decisions = new Map<number, string>()
  #said: Said[] = []
  #blocks = 0

  constructor(random: Random, restored: Restored) {
    this.#random = random
    this.#restored = restored
    this.#cores.forEach((core, index) => {
      this.#perform(index, core.start())
    })
  }

  decided(): ReadonlySet<string> {
    return new Set(this.#decisions.values())
  }

  phase(round: number, kind: Kind): void {
    const mail = [...this.#said.filter((message) => message.kind === kind), ...this.#lies(round, kind)]
    this.#said = this.#said.filter((message) => message.kind !== kind)
    const share = 50 + this.#random.below(50)
    for (const message of this.#shuffled(mail)) if (this.#random.below(100) < share) this.#deliver(message)
    for (const index of this.#open()) this.#perform(index, this.#core(index).onTimeout(clocks[kind], round))
    for (const index of this.#open()) this.#restart(index)
  }

  #open(): readonly number[] {
    return honest.filter((index) => !this.#decisions.has(index))
  }

  #core(index: number): Consensus {
    return this.#cores[index] ?? fresh(index)
  }

  #deliver(message: Said): void {
    if (this.#decisions.has(message.to)) return
    this.#heard[message.to]?.push(message)
    this.#perform(message.to, message.tell(this.#core(message.to)))
  }

  #restart(index: number): void {
    const state = this.#core(index).state()
    const left = this.#restored(state)
    const core = fresh(index, left)
    this.#cores[index] = core
    for (const message of this.#heard[index] ?? []) {
      const actions = message.tell(core)
      // Old votes are counted again. One that knows what it said says it no second time.
      if (left.step !== state.step) this.#perform(index, actions)
    }
  }

  #perform(index: number, actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.type === 'decide') this.#decisions.set(index, action.blockId)
      else if (action.type === 'vote') this.#said.push(...ballots({ signer: settlers[index] ?? '', ...action }))
      else if (action.type === 'propose') {
        const blockId = action.valid?.blockId ?? `b${this.#blocks++}`
        this.#said.push(...proposals(action.round, blockId, action.valid?.round ?? -1))
      }
    }
  }

  #lies(round: number, kind: Kind): Said[] {
    const likely = () => (this.#random.below(4) === 0 ? NIL : `b${Math.max(0, this.#blocks - 1 - this.#random.below(2))}`)
    if (kind !== 'proposal')
      return honest.flatMap((to) => ballots({ signer: 'd', kind, round, blockId: likely() }).filter((message) => message.to === to))
    return proposerOf(settlers, 0, round) === 'd' ? proposals(round, likely(), this.#random.below(3) - 1) : []
  }

  #shuffled<T>(items: readonly T[]): T[] {
    const placed = items.map((item) => ({ item, place: this.#random.next() }))
    return placed.sort((left, right) => left.place - right.place).map(({ item }) => item)
  }
}

const fresh = (index: number, state?: ConsensusState): Consensus =>
  new Consensus({ settlers, self: settlers[index] ?? '', height: 0 }, state)

const ballots = (ballot: Ballot): Said[] => honest.map((to) => ({ to, kind: ballot.kind, tell: (core) => core.onVote(ballot) }))

const proposals = (round: number, blockId: string, validRound: number): Said[] =>
  honest.map((to) => ({
    to,
    kind: 'proposal',
    tell: (core) => [...core.onValidity(blockId, true), ...core.onProposal(round, { blockId, validRound })],
  }))
