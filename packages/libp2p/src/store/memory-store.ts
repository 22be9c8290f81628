import type { Store } from './store.ts'

/** Outlives the host that uses it, not the process: a restart in the same process finds what was saved. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, Uint8Array>()

  load(): Map<string, Uint8Array> {
    return new Map(this.#values)
  }

  save(key: string, value: Uint8Array): void {
    this.#values.set(key, value.slice())
  }

  forget(key: string): void {
    this.#values.delete(key)
  }

  close(): void {
    // Nothing is held open.
  }
}
