import { Uint8ArrayList } from 'uint8arraylist'
import { FrameInvalid } from './frame.ts'

/**
 * Cuts length-prefixed frames out of a stream as its bytes arrive, on the same turn. The asynchronous decoder of
 * `it-length-prefixed` reads the same bytes, but costs an echo a quarter of its time.
 */
export class FrameReader {
  readonly #bytesMax: number
  readonly #buffer = new Uint8ArrayList()

  readonly #take: 'copy' | 'view'

  /** Frames are copies of their own, or views of what came in for those who keep none of it. */
  constructor(bytesMax: number, take: 'copy' | 'view' = 'copy') {
    this.#bytesMax = bytesMax
    this.#take = take
  }

  /** The frames that are whole now. Throws `FrameInvalid`. */
  *read(bytes: Uint8Array | Uint8ArrayList): Generator<Uint8Array> {
    this.#buffer.append(bytes)
    for (let prefix = this.#prefix(); prefix !== undefined; prefix = this.#prefix()) {
      const end = prefix.bytes + prefix.length
      if (this.#buffer.byteLength < end) return
      const frame = this.#take === 'copy' ? this.#buffer.slice(prefix.bytes, end) : this.#buffer.subarray(prefix.bytes, end)
      this.#buffer.consume(end)
      yield frame
    }
  }

  /** An unsigned varint, least significant group first. */
  #prefix(): { readonly length: number; readonly bytes: number } | undefined {
    let length = 0
    for (let index = 0; index < this.#buffer.byteLength; index++) {
      const byte = this.#buffer.get(index)
      length += (byte & 0x7f) * 2 ** (7 * index)
      if (length > this.#bytesMax || index >= PREFIX_BYTES_MAX) {
        throw new FrameInvalid(`expected a frame of at most ${this.#bytesMax} bytes, got ${length} or more`)
      }
      if (byte < 0x80) return { length, bytes: index + 1 }
    }
    return undefined
  }
}

/** Enough for any length below 2^28. */
const PREFIX_BYTES_MAX = 4
