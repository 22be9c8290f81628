import { type Effect, emit, type Millis, type Random, setTimer } from '@infermesh/kernel'
import type { LeaseEvent } from '@infermesh/protocol'
import type { RoundResult } from './grant-round.ts'
import { lossOf, rankOf, type Situation } from './succession.ts'

export type CandidacyNews =
  /** Ask the grantors for the next epoch now. */
  | 'ask'
  /** The model has no holder, and this peer has nothing to serve it with. */
  | 'unable'

export interface CandidacyStep {
  readonly effects: readonly Effect<never, never>[]
  readonly news?: CandidacyNews
}

interface Attempt {
  at: Millis
  isSaid: boolean
  readonly released: boolean
}

const releasedRetry: Millis = 300

/** When one peer tries to become the holder: after suspicion, in the order of rank, and again until somebody holds the lease. */
export class Candidacy {
  readonly #situation: Situation
  readonly #random: Random
  #attempt: Attempt | undefined
  #quietUntil: Millis = 0

  constructor(situation: Situation, random: Random) {
    this.#situation = situation
    this.#random = random
  }

  /** Looks at the holder again. `able`: this peer could serve. Sets the one timer that brings it back here. */
  review(able: boolean, epoch: number, now: Millis): CandidacyStep {
    const { suspect, dueAt, reason } = lossOf(this.#situation)
    const from = Math.max(dueAt, this.#quietUntil)
    if (now < from) {
      this.#attempt = undefined
      return { effects: [this.#timer(from - now)] }
    }
    if (!able) return { effects: [this.#timer(this.#step())], news: 'unable' }
    if (this.#attempt === undefined) {
      const after = this.#rankDelay(now) + this.#random.below(Math.ceil(this.#step() / 10))
      this.#attempt = { at: now + after, isSaid: false, released: reason === 'released' }
      return { effects: [this.#timer(after)] }
    }
    if (now < this.#attempt.at) return { effects: [this.#timer(this.#attempt.at - now)] }
    const started: LeaseEvent = { type: 'takeoverStarted', model: this.#situation.model, suspect, epoch }
    const said = this.#attempt.isSaid ? [] : [emit(started)]
    this.#attempt.isSaid = true
    return { effects: said, news: 'ask' }
  }

  /** The ask found no quorum: how long until the next one. */
  onShort(epoch: number, result: RoundResult, now: Millis): readonly Effect<never, never>[] {
    const step = this.#step()
    const base = waitAfter(epoch, result, step)
    const wait = this.#attempt?.released === true ? Math.min(base, releasedRetry) : base
    const after = wait + this.#rankDelay(now) + this.#random.below(Math.ceil(step / 10))
    if (this.#attempt !== undefined) this.#attempt.at = now + after
    return [this.#timer(after)]
  }

  /** Somebody holds the lease, or this peer does. */
  end(): void {
    this.#attempt = undefined
  }

  /** Lets others go first, as after a lease was given back on demand. */
  stayQuiet(until: Millis): void {
    this.#quietUntil = until
    this.#attempt = undefined
  }

  #rankDelay(now: Millis): Millis {
    return rankOf(this.#situation, lossOf(this.#situation).suspect, now) * this.#step()
  }

  /** One rank's head start: enough for the better one's question and its announcement. */
  #step(): Millis {
    return this.#situation.parameters.heartbeatEvery
  }

  #timer(after: Millis): Effect<never, never> {
    return setTimer(`lease/takeover/${this.#situation.model}`, Math.max(1, Math.ceil(after)))
  }
}

function waitAfter(epoch: number, result: RoundResult, step: Millis): Millis {
  if (!result.heard) return step / 2
  if (result.unauthorized) return 5 * step
  return result.maxEpoch >= epoch ? Math.max(step / 4, Math.min(result.retryAfter, step)) : Math.max(step / 20, result.retryAfter)
}
