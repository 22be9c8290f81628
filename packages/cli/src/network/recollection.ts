const KEPT_MAX = 32_768
const NAME_BYTES = 24

interface Kept<T> {
  readonly bytes: Uint8Array
  readonly value: T
}

/** Values by bytes, the oldest dropped first. Bytes are found by their end, where signed statements differ most, and compared whole. */
export class Recollection<T> {
  readonly #kept = new Map<string, Kept<T>>()
  readonly #max: number

  constructor(max = KEPT_MAX) {
    this.#max = max
  }

  get(bytes: Uint8Array): T | undefined {
    const kept = this.#kept.get(nameOf(bytes))
    return kept !== undefined && Buffer.compare(kept.bytes, bytes) === 0 ? kept.value : undefined
  }

  /** Keeps `bytes` itself: nobody may change them any more. */
  put(bytes: Uint8Array, value: T): void {
    const oldest = this.#kept.size < this.#max ? undefined : this.#kept.keys().next().value
    if (oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(nameOf(bytes), { bytes, value })
  }

  delete(bytes: Uint8Array): void {
    this.#kept.delete(nameOf(bytes))
  }
}

function nameOf(bytes: Uint8Array): string {
  const from = Math.max(0, bytes.length - NAME_BYTES)
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, bytes.length - from).toString('latin1')
}
