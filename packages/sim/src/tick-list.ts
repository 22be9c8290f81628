import { SlotSet } from './slot-set.ts'

/** The rows of one millisecond, first in first out within each tick: a counting sort that also takes late entries. */
export class TickList {
  isEmpty = true
  readonly #filled: SlotSet
  readonly #head: Int32Array
  readonly #tail: Int32Array
  #rows: Int32Array = new Int32Array(1024)
  #next: Int32Array = new Int32Array(1024)
  #count = 0
  #pending = 0
  #cursor = 0

  constructor(ticks: number) {
    this.#filled = new SlotSet(ticks)
    this.#head = new Int32Array(ticks)
    this.#tail = new Int32Array(ticks)
  }

  add(tick: number, row: number): void {
    const node = this.#count
    if (node === this.#rows.length) this.#grow()
    this.#count = node + 1
    this.#rows[node] = row
    if (this.#filled.has(tick)) {
      this.#next[this.#tail[tick] ?? 0] = node
    } else {
      this.#filled.add(tick)
      this.#head[tick] = node
    }
    this.#tail[tick] = node
    this.#pending++
    this.isEmpty = false
  }

  /** Takes the first row whose tick is at most `limit`, or returns -1. */
  take(limit: number): number {
    if (this.isEmpty) return -1
    const tick = this.#filled.next(this.#cursor)
    if (tick < 0 || tick > limit) return -1
    this.#cursor = tick
    const node = this.#head[tick] ?? 0
    if (node === this.#tail[tick]) this.#filled.delete(tick)
    else this.#head[tick] = this.#next[node] ?? 0
    this.#pending--
    if (this.#pending === 0) this.isEmpty = true
    return this.#rows[node] ?? 0
  }

  reset(): void {
    this.#count = 0
    this.#cursor = 0
  }

  #grow(): void {
    const rows = new Int32Array(this.#rows.length * 2)
    rows.set(this.#rows)
    this.#rows = rows
    const next = new Int32Array(rows.length)
    next.set(this.#next)
    this.#next = next
  }
}
