import { NoProgress } from './failures.ts'

/** Stops a world that is busy without getting anywhere, and names the peers that spin. */
export class ProgressGuard {
  readonly #limit: number
  readonly #seed: string | number
  readonly #busy = new Map<number, number>()
  #at = -1
  #events = 0

  constructor(limit: number, seed: string | number) {
    this.#limit = limit
    this.#seed = seed
  }

  /** Counts one event. In the second half of the allowance it also notes whose it was. */
  note(at: number, peer: number, nameOf: (peer: number) => string): void {
    if (at !== this.#at) {
      this.#at = at
      this.#events = 0
      if (this.#busy.size > 0) this.#busy.clear()
    }
    this.#events++
    if (this.#events * 2 < this.#limit) return
    this.#busy.set(peer, (this.#busy.get(peer) ?? 0) + 1)
    if (this.#events < this.#limit) return
    const busiest = [...this.#busy].sort((left, right) => right[1] - left[1] || left[0] - right[0]).slice(0, 3)
    throw new NoProgress({ at, events: this.#events, peers: busiest.map(([index]) => nameOf(index)), seed: this.#seed })
  }
}
