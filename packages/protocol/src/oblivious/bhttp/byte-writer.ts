import { assert } from '@infermesh/kernel'
import { varintLength, writeVarint } from '../varint.ts'

/** Writes into one array of a size known beforehand: a message is laid out once, without a copy per part. */
export class ByteWriter {
  readonly bytes: Uint8Array
  #offset = 0

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
  }

  varint(value: number): void {
    this.#offset += writeVarint(this.bytes, this.#offset, value)
  }

  /** Text of one character per byte, after its length. */
  text(value: string): void {
    this.varint(value.length)
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      assert(code <= 0xff, `expected characters up to U+00FF in HTTP text, got U+${code.toString(16)}`)
      this.bytes[this.#offset + index] = code
    }
    this.#offset += value.length
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#offset)
    this.#offset += bytes.length
  }
}

export const textLength = (value: string): number => varintLength(value.length) + value.length
