import type { Millis } from '@infermesh/kernel'
import type { Timers } from '@infermesh/libp2p'
import type { ClockRule } from './fault-order.ts'

/** A peer's own clock: the true time until a fault sets it wrong. It may stand still or jump ahead, but never goes back. */
export class SkewedClock implements Timers {
  readonly #trueNow: () => number
  #offset: Millis = 0
  #rate = 1
  #driftsSince: number
  #last = 0

  constructor(trueNow: () => number) {
    this.#trueNow = trueNow
    this.#driftsSince = trueNow()
  }

  now(): Millis {
    const trueNow = this.#trueNow()
    const skewed = trueNow + this.#offset + (trueNow - this.#driftsSince) * (this.#rate - 1)
    this.#last = Math.max(this.#last, Math.floor(skewed))
    return this.#last
  }

  /** The offset is against the true time, whatever the clock showed before. */
  set(rule: ClockRule): void {
    this.#offset = rule.offset
    this.#rate = 1 + rule.driftPpm / 1_000_000
    this.#driftsSince = this.#trueNow()
  }

  /** A clock that runs fast fires early. */
  after(delay: Millis, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.min(Math.max(delay / this.#rate, 0), longest))
    return () => clearTimeout(timer)
  }
}

/** A longer delay would fire at once. */
const longest = 2_147_483_647
