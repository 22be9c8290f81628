import type { Millis } from '@infermesh/kernel'
import type { Envelope } from '@infermesh/protocol'

interface Waiting {
  readonly entry: Envelope
  readonly since: Millis
}

/** Entries that wait for a block, oldest first. Bounded: what does not fit is refused and must be published again. */
export class Mempool {
  readonly #limit: number
  readonly #waiting = new Map<string, Waiting>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** False when the pool is full. */
  add(entry: Envelope, now: Millis): boolean {
    if (this.#waiting.size >= this.#limit) return false
    this.#waiting.set(entry.id, { entry, since: now })
    return true
  }

  has(id: string): boolean {
    return this.#waiting.has(id)
  }

  find(id: string): Envelope | undefined {
    return this.#waiting.get(id)?.entry
  }

  remove(id: string): void {
    this.#waiting.delete(id)
  }

  candidates(): readonly Envelope[] {
    return [...this.#waiting.values()].map(({ entry }) => entry)
  }

  /** Ids of entries that have waited longer than `age` for what they depend on. */
  stale(now: Millis, age: Millis): readonly string[] {
    return [...this.#waiting.values()].filter(({ since }) => since + age < now).map(({ entry }) => entry.id)
  }

  size(): number {
    return this.#waiting.size
  }
}
