import type { Millis } from '@infermesh/kernel'
import type { Timers } from '../host-options.ts'
import type { Owner } from './clock/owner.ts'
import type { VirtualClock } from './clock/virtual-clock.ts'
import { VirtualTimer } from './clock/virtual-timer.ts'

/** The clock that one peer sees: virtual time until a fault sets it wrong. Its time never goes back. */
export class SkewedClock {
  readonly #clock: VirtualClock
  #since = 0
  #local = 0
  #rate = 1
  #last = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** Whole ms. */
  now(owner: Owner | undefined): Millis {
    const shown = Math.floor(this.#shown(owner === undefined ? this.#clock.now : this.#clock.effective(owner)))
    if (shown > this.#last) this.#last = shown
    return this.#last
  }

  set(skew: { readonly offset: Millis; readonly drift: number }): void {
    const { now } = this.#clock
    this.#local = this.#shown(now) + skew.offset
    this.#since = now
    this.#rate = 1 + skew.drift
  }

  /** Timers that run as fast as this clock. */
  timers(): Timers {
    return {
      after: (delay, callback) => {
        const timer = new VirtualTimer({ clock: this.#clock, delay: delay / this.#rate, isExact: true, isRepeated: false, callback })
        return () => timer.close()
      },
    }
  }

  #shown(now: number): number {
    return this.#local + (now - this.#since) * this.#rate
  }
}
