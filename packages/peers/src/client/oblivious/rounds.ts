import { type Millis, setTimer } from '@infermesh/kernel'
import type { PeerEffect } from '@infermesh/protocol'
import { ASK_AGAIN, LOOK_AGAIN } from './oblivious-config.ts'

/** Timer of the next round. */
export const ROUND_KEY = 'tick'

/** Rounds slept through at most: no timer waits for ever. */
const ROUNDS_MAX = 90

/** What a client has and wants, as far as a round depends on it. */
export interface Needs {
  /** Keys and tokens are there. */
  readonly isStocked: boolean
  /** A request waits for some. */
  readonly isWaiting: boolean
}

/**
 * When a client looks whether it lacks keys or tokens. While something is missing, every second. While nothing is, every `LOOK_AGAIN`, and
 * of those rounds it sleeps through all that could find nothing: a crowd of idle clients costs nothing between two keys. A token that is
 * spent wakes it, but the round keeps its time: purchases come no sooner after a request than ever.
 */
export class Rounds {
  #calmSince: Millis | undefined
  #isAsleep = false

  /** `until`: the keys at hand are good before it. */
  calm(now: Millis, until: Millis): PeerEffect {
    const rounds = Math.min(ROUNDS_MAX, Math.max(1, Math.ceil((until - now) / LOOK_AGAIN)))
    this.#calmSince = now
    this.#isAsleep = rounds > 1
    return setTimer(ROUND_KEY, rounds * LOOK_AGAIN)
  }

  soon(): PeerEffect {
    this.#calmSince = undefined
    return setTimer(ROUND_KEY, ASK_AGAIN)
  }

  /** To be called after each input: what it did may want a round before the one that is set. */
  after(now: Millis, needs: () => Needs): readonly PeerEffect[] {
    if (this.#calmSince === undefined) return []
    const { isStocked, isWaiting } = needs()
    if (isWaiting) return [this.soon()]
    if (isStocked || !this.#isAsleep) return []
    this.#isAsleep = false
    return [setTimer(ROUND_KEY, LOOK_AGAIN - ((now - this.#calmSince) % LOOK_AGAIN))]
  }
}
