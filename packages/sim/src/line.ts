import { assert } from '@infermesh/kernel'

/** One direction of a peer's access line: a queue with a rate, in bytes per ms (1 Mbit/s = 125). Without a rate it takes no time. */
export class Line {
  #rate = Number.POSITIVE_INFINITY
  #busyUntil = 0

  /** What is queued keeps its times. */
  setRate(rate: number): void {
    assert(rate > 0, `expected a line rate above 0 bytes per ms, got ${rate}`)
    this.#rate = rate
  }

  /** How long from now until the last byte is through, in ms. */
  occupy(bytes: number, now: number): number {
    const taken = this.#wait(now) + bytes / this.#rate
    if (taken > 0) this.#busyUntil = now + taken
    return taken
  }

  /** Would these bytes wait behind so many others that more than `limit` bytes were queued? */
  overflows(bytes: number, limit: number, now: number): boolean {
    const wait = this.#wait(now)
    return wait > 0 && this.#rate < Number.POSITIVE_INFINITY && wait * this.#rate + bytes > limit
  }

  /** In how many ms no more than so many bytes wait; 0 when that is so already. */
  drainsIn(bytes: number, now: number): number {
    return this.#rate === Number.POSITIVE_INFINITY ? 0 : Math.max(0, this.#wait(now) - bytes / this.#rate)
  }

  #wait(now: number): number {
    return Math.max(0, this.#busyUntil - now)
  }
}
