import { NoProgress } from '@infermesh/sim'
import type { Owner } from './owner.ts'

/** Stops a world that is busy at one virtual instant, and names the peers that spin. */
export class ProgressGuard {
  readonly #limit: number
  readonly #seed: string | number
  readonly #busy = new Map<string, number>()
  #at = -1
  #events = 0

  constructor(init: { readonly limit: number; readonly seed: string | number }) {
    this.#limit = init.limit
    this.#seed = init.seed
  }

  /** Counts one event; in the second half of the allowance also whose it was. */
  note(at: number, owner: Owner): void {
    if (at !== this.#at) {
      this.#at = at
      this.#events = 0
      if (this.#busy.size > 0) this.#busy.clear()
    }
    this.#events++
    if (this.#events * 2 < this.#limit) return
    this.#busy.set(owner.name, (this.#busy.get(owner.name) ?? 0) + 1)
    if (this.#events < this.#limit) return
    const busiest = [...this.#busy].sort((left, right) => right[1] - left[1] || (left[0] < right[0] ? -1 : 1)).slice(0, 3)
    throw new NoProgress({ at, events: this.#events, peers: busiest.map(([name]) => name), seed: this.#seed })
  }
}
