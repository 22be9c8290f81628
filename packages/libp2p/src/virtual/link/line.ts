import { assert } from '@infermesh/kernel'

/** One direction of a peer's access line: a queue with a rate, in bytes per ms. */
export class Line {
  #rate = Infinity
  #busyUntil = 0

  setRate(rate: number): void {
    assert(rate > 0, `expected a line rate above 0 bytes per ms, got ${rate}`)
    this.#rate = rate
  }

  /** How long from now until the last byte is through, in ms. */
  occupy(bytes: number, now: number): number {
    if (this.#rate === Infinity) return 0
    const taken = Math.max(0, this.#busyUntil - now) + bytes / this.#rate
    this.#busyUntil = now + taken
    return taken
  }

  /** In how many ms no more than so many bytes wait; 0 when that is so already. */
  drainsIn(bytes: number, now: number): number {
    if (this.#rate === Infinity) return 0
    return Math.max(0, this.#busyUntil - now - bytes / this.#rate)
  }
}
