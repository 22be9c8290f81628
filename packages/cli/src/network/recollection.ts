const KEPT_MAX = 32_768
/** Bytes whose values are kept; what is made of them is several times as large. */
const BYTES_MAX = 8 << 20
const NAME_BYTES = 24

interface Kept<T> {
  readonly bytes: Uint8Array
  readonly value: T
}

/**
 * Values by bytes, the oldest dropped first, half of them at a time. Bytes are found by their end, where signed statements differ most, and
 * compared whole.
 */
export class Recollection<T> {
  #young = new Map<string, Kept<T>>()
  #old = new Map<string, Kept<T>>()
  #youngBytes = 0
  readonly #max: number

  constructor(max = KEPT_MAX) {
    this.#max = max
  }

  get(bytes: Uint8Array): T | undefined {
    const name = nameOf(bytes)
    const kept = this.#young.get(name) ?? this.#old.get(name)
    return kept !== undefined && Buffer.compare(kept.bytes, bytes) === 0 ? kept.value : undefined
  }

  /** Keeps `bytes` itself: nobody may change them any more. */
  put(bytes: Uint8Array, value: T): void {
    // Dropped one by one, those at the front would leave a gap for each look at the front to cross.
    if (2 * this.#young.size >= this.#max || 2 * this.#youngBytes >= BYTES_MAX) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    this.#young.set(nameOf(bytes), { bytes, value })
    this.#youngBytes += bytes.length
  }

  delete(bytes: Uint8Array): void {
    const name = nameOf(bytes)
    this.#young.delete(name)
    this.#old.delete(name)
  }
}

function nameOf(bytes: Uint8Array): string {
  const from = Math.max(0, bytes.length - NAME_BYTES)
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, bytes.length - from).toString('latin1')
}
