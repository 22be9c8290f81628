import { type Random, randomFrom } from '@infermesh/kernel'
import { type Action, Consensus, proposerOf } from '../consensus.ts'
import { type Ballot, NIL } from '../vote-count.ts'

export const settlers = ['a', 'b', 'c', 'd']

export interface ScheduleOptions {
  readonly seed: number
  readonly steps: number
  /** Nothing is late, doubled or out of order, and clocks run out only when all is quiet. */
  readonly calm?: boolean
  /** The last settler votes and proposes at random, another thing to each. */
  readonly liar?: boolean
  /** About every so many deliveries a settler restarts from its state. */
  readonly restartEvery?: number
}

type Mail =
  | { readonly to: number; readonly type: 'vote'; readonly ballot: Ballot }
  | { readonly to: number; readonly type: 'proposal'; readonly round: number; readonly blockId: string; readonly validRound: number }
  | { readonly to: number; readonly type: 'wait'; readonly step: 'propose' | 'prevote' | 'precommit'; readonly round: number }

/** One height of consensus among four, under a random schedule. What is lost comes again later, as settlers say things again. */
export class Schedule {
  readonly decisions: ({ readonly round: number; readonly blockId: string } | undefined)[] = settlers.map(() => undefined)
  readonly #options: ScheduleOptions
  readonly #random: Random
  readonly #cores: Consensus[] = settlers.map((self) => new Consensus({ settlers, self, height: 0 }))
  readonly #mail: Mail[] = []
  readonly #heard: Mail[][] = settlers.map(() => [])
  /**
   * How hasty clocks are, how often a message is late, how far messages overtake each other, and who alone hears precommits
   * in time: each schedule has its own.
   */
  readonly #weather: { readonly haste: number; readonly lateness: number; readonly disorder: number; readonly lucky: number }
  /** Latest block proposed in each round: the liar votes for what others may vote for. */
  readonly #proposed: string[] = []
  #blocks = 0

  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#random = randomFrom(options.seed)
    this.#weather = {
      haste: 2 + this.#random.below(30),
      lateness: 2 + this.#random.below(8),
      disorder: 4 + this.#random.below(60),
      lucky: this.#random.below(6),
    }
  }

  run(): this {
    const honest = this.#options.liar ? 3 : 4
    for (let index = 0; index < honest; index++) this.#perform(index, this.#core(index).start())
    for (let step = 0; step < this.#options.steps && this.#mail.length > 0; step++) {
      if (this.#options.liar && this.#random.below(4) === 0) this.#lie()
      const message = this.#next()
      if (message === undefined || message.to >= honest || this.decisions[message.to] !== undefined) continue
      this.#heard[message.to]?.push(message)
      this.#perform(message.to, this.#deliver(message))
      this.#mayRestart(message.to)
    }
    return this
  }

  /** Block names that were decided by anybody. */
  decided(): ReadonlySet<string> {
    return new Set(this.decisions.flatMap((decision) => decision?.blockId ?? []))
  }

  #core(index: number): Consensus {
    const core = this.#cores[index]
    if (core === undefined) throw new Error(`no settler ${index}`)
    return core
  }

  #next(): Mail | undefined {
    const { calm } = this.#options
    const place = calm
      ? this.#mail.findIndex(({ type }) => type !== 'wait')
      : this.#random.below(Math.min(this.#mail.length, this.#weather.disorder))
    const [message] = this.#mail.splice(Math.max(0, place), 1)
    if (message === undefined || calm) return message
    // Clocks are slow against messages, or rounds would pass before anybody is heard.
    if (!this.#isLate(message)) return message
    this.#mail.push(message)
    return undefined
  }

  #isLate(message: Mail): boolean {
    const { haste, lateness, lucky } = this.#weather
    if (message.type === 'wait') return this.#random.below(haste) > 0
    const isUnlucky = message.type === 'vote' && message.ballot.kind === 'precommit' && lucky < 3 && message.to !== lucky
    return isUnlucky ? this.#random.below(30) > 0 : this.#random.below(lateness) === 0
  }

  #perform(index: number, actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.type === 'decide') this.decisions[index] = { round: action.round, blockId: action.blockId }
      else if (action.type === 'wait') this.#mail.push({ ...action, to: index })
      else if (action.type === 'vote') this.#sendVote({ signer: settlers[index] ?? '', ...action })
      else this.#sendProposal(action.round, action.valid?.blockId ?? `b${this.#blocks++}`, action.valid?.round ?? -1)
    }
  }

  #sendVote({ signer, kind, round, blockId }: Ballot): void {
    for (let to = 0; to < 4; to++) this.#post({ to, type: 'vote', ballot: { signer, kind, round, blockId } })
  }

  #sendProposal(round: number, blockId: string, validRound: number): void {
    this.#proposed[round] = blockId
    for (let to = 0; to < 4; to++) this.#post({ to, type: 'proposal', round, blockId, validRound })
  }

  #post(message: Mail): void {
    this.#mail.push(message)
    if (!this.#options.calm && this.#random.below(10) === 0) this.#mail.push(message)
  }

  #lie(): void {
    const random = this.#random
    const round = random.below(Math.max(1, this.#proposed.length))
    const popular = this.#proposed[round] ?? NIL
    const anything = () =>
      [NIL, `b${random.below(this.#blocks + 1)}`, popular, popular, popular, popular, popular, popular][random.below(8)] ?? NIL
    const kind = random.below(2) === 0 ? 'prevote' : 'precommit'
    this.#post({ to: random.below(3), type: 'vote', ballot: { signer: 'd', kind, round, blockId: anything() } })
    if (proposerOf(settlers, 0, round) !== 'd') return
    for (let to = 0; to < 3; to++) this.#post({ to, type: 'proposal', round, blockId: anything(), validRound: random.below(3) - 1 })
  }

  #deliver(message: Mail): Action[] {
    const core = this.#core(message.to)
    if (message.type === 'vote') return core.onVote(message.ballot)
    if (message.type === 'wait') return core.onTimeout(message.step, message.round)
    return [...core.onValidity(message.blockId, true), ...core.onProposal(message.round, message)]
  }

  #mayRestart(index: number): void {
    const { restartEvery } = this.#options
    if (restartEvery === undefined || this.#random.below(restartEvery) > 0) return
    if (this.decisions[index] !== undefined) return
    const core = new Consensus({ settlers, self: settlers[index] ?? '', height: 0 }, this.#core(index).state())
    this.#cores[index] = core
    const actions = core.start()
    // What the others said is said again; clocks that run still do.
    for (const message of this.#heard[index] ?? []) if (message.type !== 'wait') actions.push(...this.#deliver(message))
    this.#perform(
      index,
      actions.filter(({ type }) => type !== 'wait'),
    )
  }
}
