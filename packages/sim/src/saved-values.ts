/** A saved value with its key. */
export interface SavedValue {
  readonly key: string
  readonly value: Uint8Array
}

/** Values of one generation; two are held. */
const GENERATION = 2_048

/**
 * The world's own copies of what peers save. Peers that save the same bytes under the same key, as settlers do with each entry of the log,
 * share one copy. Only the latest values are looked up, so the book itself stays small however long a run is.
 */
export class SavedValues {
  #young = new Map<string, SavedValue>()
  #old = new Map<string, SavedValue>()

  /** `value` stays the caller's, to do with as it likes. */
  keep(key: string, value: Uint8Array): SavedValue {
    const known = this.#young.get(key) ?? this.#old.get(key)
    if (known !== undefined && isSame(known.value, value)) return known
    const saved = { key, value: value.slice() }
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, saved)
    return saved
  }
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}
