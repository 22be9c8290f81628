import { AssertionFailed, assert } from '@infermesh/kernel'
import { utf8Length, writeUtf8 } from './utf8.ts'

/** Major types of CBOR (RFC 8949 §3.1), in place: the high three bits of a head. */
export const MAJOR = { uint: 0x00, negative: 0x20, bytes: 0x40, text: 0x60, list: 0x80, map: 0xa0 } as const
export const SIMPLE = { false: 0xf4, true: 0xf5, null: 0xf6, undefined: 0xf7 } as const

const FIRST_SIZE = 4_096
/** A buffer that one huge message blew up is not kept for the small ones that follow. */
const KEPT_SIZE = 256 * 1024
const WORD = 0x1_0000_0000

/** Writes deterministic CBOR (RFC 8949 §4.2): every head is the shortest. */
export class CborWriter {
  #raw = new Uint8Array(FIRST_SIZE)
  #length = 0

  /** What was written since the last call, as bytes of its own. */
  take(): Uint8Array {
    const taken = this.#raw.slice(0, this.#length)
    this.reset()
    return taken
  }

  /** The same without a copy: good until the writer is used again. */
  view(): Uint8Array {
    return this.#raw.subarray(0, this.#length)
  }

  /** Forgets what a failed encoding has left. */
  reset(): void {
    this.#length = 0
    if (this.#raw.length > KEPT_SIZE) this.#raw = new Uint8Array(FIRST_SIZE)
  }

  head(major: number, count: number): void {
    const at = this.#reserve(9)
    const raw = this.#raw
    if (count < 24) {
      raw[at] = major | count
      this.#length = at + 1
    } else if (count < 0x100) {
      raw[at] = major | 24
      raw[at + 1] = count
      this.#length = at + 2
    } else if (count < 0x10000) {
      raw[at] = major | 25
      raw[at + 1] = count >>> 8
      raw[at + 2] = count
      this.#length = at + 3
    } else {
      this.#longHead(major, count, at)
    }
  }

  /** A whole number from 0 to 2^53 − 1. */
  uint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) refuse(value)
    this.head(MAJOR.uint, value)
  }

  bytes(value: Uint8Array): void {
    this.head(MAJOR.bytes, value.length)
    this.raw(value)
  }

  /** UTF-8. */
  text(value: string): void {
    const start = this.#length
    this.head(MAJOR.text, value.length)
    const at = this.#reserve(value.length)
    const raw = this.#raw
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index)
      if (unit >= 0x80) {
        this.#length = start
        this.#wideText(value)
        return
      }
      raw[at + index] = unit
    }
    this.#length = at + value.length
  }

  /** Text that is not all ASCII, so that its bytes are more than its letters. */
  #wideText(value: string): void {
    const length = utf8Length(value)
    this.head(MAJOR.text, length)
    const at = this.#reserve(length)
    writeUtf8(value, this.#raw, at)
    this.#length = at + length
  }

  /** A text that must be ASCII: its length and its order are those of its bytes. */
  name(value: string): void {
    const start = this.#length
    this.text(value)
    const isPlain = this.#length - start === value.length + (value.length < 24 ? 1 : 2) && value.length < 0x100
    if (!isPlain) throw new AssertionFailed(`expected a field's name in ASCII to encode, got ${value}`)
  }

  /** Bytes without a head: what goes before, in something that is hashed. */
  raw(value: Uint8Array): void {
    const at = this.#reserve(value.length)
    this.#raw.set(value, at)
    this.#length = at + value.length
  }

  /** `length` items follow. */
  list(length: number): void {
    this.head(MAJOR.list, length)
  }

  simple(byte: number): void {
    const at = this.#reserve(1)
    this.#raw[at] = byte
    this.#length = at + 1
  }

  #longHead(major: number, count: number, at: number): void {
    const raw = this.#raw
    const isWide = count >= WORD
    raw[at] = major | (isWide ? 27 : 26)
    let next = at + 1
    if (isWide) next = writeWord(raw, next, Math.floor(count / WORD))
    this.#length = writeWord(raw, next, count % WORD)
  }

  /** Makes room; the result is where the room begins. */
  #reserve(room: number): number {
    const needed = this.#length + room
    if (needed > this.#raw.length) {
      const grown = new Uint8Array(Math.max(needed, this.#raw.length * 2))
      grown.set(this.#raw)
      this.#raw = grown
    }
    return this.#length
  }
}

function writeWord(raw: Uint8Array, at: number, word: number): number {
  raw[at] = word >>> 24
  raw[at + 1] = word >>> 16
  raw[at + 2] = word >>> 8
  raw[at + 3] = word
  return at + 4
}

// Apart, because the text of an assertion would be built for each number.
function refuse(value: unknown): never {
  throw new AssertionFailed(`expected a whole number from 0 to 2^53 - 1 to encode, got ${String(value)}`)
}

// Encoding is synchronous and never nested, so all of it shares one buffer.
const shared = new CborWriter()
let isBusy = false

/** The bytes that `write` writes. It must not encode anything else meanwhile. */
export const written = (write: (writer: CborWriter) => void): Uint8Array => overWritten(write, () => shared.take())

/** What `use` makes of the bytes that `write` writes, a view that is good for no longer than the call. */
export function overWritten<T>(write: (writer: CborWriter) => void, use: (bytes: Uint8Array) => T): T {
  assert(!isBusy, 'an encoding was begun within another')
  isBusy = true
  try {
    write(shared)
    return use(shared.view())
  } finally {
    shared.reset()
    isBusy = false
  }
}
