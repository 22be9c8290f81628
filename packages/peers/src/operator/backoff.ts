import type { Millis, Random } from '@infermesh/kernel'

const DOUBLINGS_MAX = 5

/** Waits that double from `first`, up to 32 times it, each shortened by up to half so that peers do not ask in step. */
export class Backoff {
  readonly #first: Millis
  readonly #random: Random
  #failures = 0

  constructor(first: Millis, random: Random) {
    this.#first = first
    this.#random = random
  }

  next(): Millis {
    const longest = this.#first * (1 << Math.min(this.#failures, DOUBLINGS_MAX))
    this.#failures++
    return Math.ceil(longest * (1 - this.#random.next() / 2))
  }

  reset(): void {
    this.#failures = 0
  }
}
