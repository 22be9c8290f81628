import { concat, EMPTY } from '../bytes.ts'
import { varintAt, varintSize } from '../varint.ts'

/** Bytes as they arrive, read from the front. A read that needs more than there is gives `undefined` and takes nothing. */
export class ByteQueue {
  #bytes: Uint8Array = EMPTY
  #offset = 0

  /** Bytes not read yet. */
  left(): number {
    return this.#bytes.length - this.#offset
  }

  /** The array is kept until its bytes are read: the caller does not fill it anew. */
  push(bytes: Uint8Array): void {
    this.#bytes = this.left() === 0 ? bytes : concat(this.#bytes.subarray(this.#offset), bytes)
    this.#offset = 0
  }

  varint(): number | undefined {
    const size = varintSize(this.#bytes, this.#offset)
    if (size === 0) return undefined
    const value = varintAt(this.#bytes, this.#offset)
    this.#offset += size
    return value
  }

  /** A view of the next `count` bytes. */
  take(count: number): Uint8Array | undefined {
    if (this.left() < count) return undefined
    this.#offset += count
    return this.#bytes.subarray(this.#offset - count, this.#offset)
  }

  /** Where the reading stands, for `rewind`. */
  mark(): number {
    return this.#offset
  }

  rewind(mark: number): void {
    this.#offset = mark
  }
}
