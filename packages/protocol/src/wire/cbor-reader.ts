import { MAJOR, SIMPLE } from './cbor-writer.ts'
import { DecodeFailed } from './decode-failed.ts'
import { readUtf8 } from './utf8.ts'

const WORD = 0x1_0000_0000
/** High words of whole numbers that a double holds exactly. */
const HIGH_WORD_MAX = 0x1f_ffff
const NAMES: readonly string[] = ['a whole number', 'a negative number', 'bytes', 'text', 'a list', 'a map', 'a tag', 'a simple value']

/**
 * Reads deterministic CBOR by hand, from front to end, without a copy: heads longer than they need be, indefinite lengths, tags and
 * floats never get through, so each value has one spelling by construction. Every method throws `DecodeFailed`.
 */
export class CborReader {
  /** Where in the value the reader is, from the outside in: names of fields, places in lists. */
  readonly steps: (string | number)[]
  readonly #raw: Uint8Array
  #at = 0

  constructor(raw: Uint8Array, root: string) {
    this.#raw = raw
    this.steps = [root]
  }

  /** From 0 to `max`. */
  uint(max: number): number {
    const start = this.#at
    if (this.#major() !== MAJOR.uint) this.#mismatch(start, `a whole number from 0 to ${max}`)
    const value = this.#count()
    if (value > max) this.fail(`a whole number from 0 to ${max}`, String(value))
    return value
  }

  /** A view of the bytes read from. */
  bytes(min: number, max: number): Uint8Array {
    const start = this.#at
    if (this.#major() !== MAJOR.bytes) this.#mismatch(start, sizes(min, max))
    const length = this.#count()
    if (length < min || length > max) this.fail(sizes(min, max), `${length} bytes`)
    return this.#raw.subarray(this.#at, this.#skip(length))
  }

  text(maxLength: number): string {
    const start = this.#at
    if (this.#major() !== MAJOR.text) this.#mismatch(start, `text of at most ${maxLength}`)
    const text = this.#utf8(this.#count())
    if (text.length > maxLength) this.fail(`text of at most ${maxLength}`, `text of ${text.length}`)
    return text
  }

  /** The length of a list whose items come next. */
  list(max: number): number {
    const start = this.#at
    if (this.#major() !== MAJOR.list) this.#mismatch(start, `a list of at most ${max}`)
    const length = this.#count()
    if (length > max) this.fail(`a list of at most ${max}`, `a list of ${length}`)
    return length
  }

  /** A list of just so many items. */
  struct(length: number): void {
    const start = this.#at
    if (this.#major() !== MAJOR.list) this.#mismatch(start, `a list of ${length} fields`)
    const found = this.#count()
    if (found !== length) this.fail(`a list of ${length} fields`, `a list of ${found}`)
  }

  flag(): boolean {
    const byte = this.#next()
    if (byte !== SIMPLE.true && byte !== SIMPLE.false) this.#mismatch(this.#at - 1, 'true or false')
    return byte === SIMPLE.true
  }

  /** Takes a null if one comes next. */
  isNull(): boolean {
    if (this.#raw[this.#at] !== SIMPLE.null) return false
    this.#at++
    return true
  }

  /** Major type of what comes next, and what its head counts; for readers that take whatever comes. */
  head(): { readonly major: number; readonly count: number } {
    const major = this.#major()
    if (major > MAJOR.map) return { major, count: this.#next() }
    return { major, count: this.#count() }
  }

  /** The body of a byte string whose head is read. */
  body(length: number): Uint8Array {
    return this.#raw.subarray(this.#at, this.#skip(length))
  }

  /** The body of a text whose head is read. */
  textBody(length: number): string {
    return this.#utf8(length)
  }

  end(): void {
    if (this.#at !== this.#raw.length) this.fail('the end', `${this.#raw.length - this.#at} more bytes`)
  }

  fail(expected: string, found: string): never {
    const [root = '', ...rest] = this.steps
    throw new DecodeFailed(root + rest.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join(''), expected, found)
  }

  #utf8(length: number): string {
    const from = this.#at
    const text = readUtf8(this.#raw, from, this.#skip(length))
    return text ?? this.fail('UTF-8', `${length} bytes that are none`)
  }

  #mismatch(start: number, expected: string): never {
    const byte = this.#raw[start]
    this.fail(expected, byte === undefined ? 'the end' : (NAMES[byte >> 5] ?? 'something else'))
  }

  /** The next head's major type; the head itself is still to be read. */
  #major(): number {
    return (this.#raw[this.#at] ?? 0xff) & 0xe0
  }

  /** Reads a head's number, which must stand in its shortest form. */
  #count(): number {
    const form = this.#next() & 0x1f
    if (form < 24) return form
    const at = this.#at
    const raw = this.#raw
    switch (form) {
      case 24:
        this.#skip(1)
        return this.#shortest(raw[at] ?? 0, 24)
      case 25:
        this.#skip(2)
        return this.#shortest(((raw[at] ?? 0) << 8) | (raw[at + 1] ?? 0), 0x100)
      case 26:
        this.#skip(4)
        return this.#shortest(wordAt(raw, at), 0x10000)
      case 27:
        this.#skip(8)
        return this.#wide(wordAt(raw, at), wordAt(raw, at + 4))
      default:
        return this.fail('a definite length', `a head of form ${form}`)
    }
  }

  #shortest(count: number, least: number): number {
    return count < least ? this.fail('the shortest form of a number', `${count} in more bytes than it needs`) : count
  }

  #wide(high: number, low: number): number {
    if (high > HIGH_WORD_MAX) this.fail('a whole number below 2^53', 'a greater one')
    return this.#shortest(high * WORD + low, WORD)
  }

  #next(): number {
    const byte = this.#raw[this.#at]
    if (byte === undefined) this.fail('more bytes', 'the end')
    this.#at++
    return byte
  }

  /** Goes on by so many bytes; the result is where it then stands. */
  #skip(length: number): number {
    const end = this.#at + length
    if (end > this.#raw.length) this.fail(`${length} bytes`, `${this.#raw.length - this.#at} up to the end`)
    this.#at = end
    return end
  }
}

const wordAt = (raw: Uint8Array, at: number): number =>
  (((raw[at] ?? 0) << 24) | ((raw[at + 1] ?? 0) << 16) | ((raw[at + 2] ?? 0) << 8) | (raw[at + 3] ?? 0)) >>> 0

const sizes = (min: number, max: number): string => (min === max ? `${min} bytes` : `${min} to ${max} bytes`)
