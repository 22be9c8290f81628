import { Line } from '@infermesh/sim'
import { Fifo } from '../loop/fifo.ts'
import type { TrueTime } from './link-control.ts'

interface Waiting {
  readonly admittedAt: number
  readonly take: () => void
}

/** A host's line inwards: what arrived is taken in once its last byte has come through, in order. */
export class Downlink {
  readonly #clock: TrueTime
  readonly #line = new Line()
  readonly #waiting = new Fifo<Waiting>()
  #isNarrow = false

  constructor(clock: TrueTime) {
    this.#clock = clock
  }

  setRate(rate: number): void {
    this.#isNarrow = rate < Number.POSITIVE_INFINITY
    this.#line.setRate(rate)
  }

  admit(bytes: number, take: () => void): void {
    if (!this.#isNarrow && this.#waiting.size() === 0) {
      take()
      return
    }
    const now = this.#clock.now()
    this.#waiting.push({ admittedAt: now + this.#line.occupy(bytes, now), take })
    if (this.#waiting.size() === 1) this.#wake()
  }

  #wake(): void {
    const next = this.#waiting.peek()
    if (next === undefined) return
    const delay = next.admittedAt - this.#clock.now()
    if (delay > 0) {
      this.#clock.after(Math.ceil(delay), () => this.#wake())
      return
    }
    this.#waiting.shift()
    next.take()
    this.#wake()
  }
}
