import { concatBytes } from './derive.ts'
import { DecodeFailed } from './wire/decode-failed.ts'

/** The four parts of a COSE_Sign1 (RFC 9052 §4.2); the unprotected header is always the empty map. */
export interface Sign1 {
  readonly header: Uint8Array
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

const LIST_OF_FOUR = 0x84
const EMPTY_MAP = 0xa0
const BYTES = 0x40
/** Lengths that don't fit the head itself: bytes that follow, and the least length that needs them. */
const LONG_FORMS = [
  { width: 1, least: 24 },
  { width: 2, least: 0x100 },
  { width: 4, least: 0x10000 },
]

/** Head of a CBOR byte string, shortest form. */
export function bytesHead(length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(BYTES | length)
  if (length < 0x100) return Uint8Array.of(BYTES | 24, length)
  if (length < 0x10000) return Uint8Array.of(BYTES | 25, length >> 8, length & 0xff)
  return Uint8Array.of(BYTES | 26, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff)
}

export const encodeSign1 = ({ header, body, signature }: Sign1): Uint8Array =>
  concatBytes(
    Uint8Array.of(LIST_OF_FOUR),
    bytesHead(header.length),
    header,
    Uint8Array.of(EMPTY_MAP),
    bytesHead(body.length),
    body,
    bytesHead(signature.length),
    signature,
  )

/**
 * Reads the frame by hand, since every gossiped envelope comes through here: no copies, and no second spelling by construction.
 * The parts are views of `raw`. Throws `DecodeFailed`.
 */
export function decodeSign1(raw: Uint8Array): Sign1 {
  const reader = new FrameReader(raw)
  reader.expect(LIST_OF_FOUR, 'a list of four')
  const header = reader.byteString()
  reader.expect(EMPTY_MAP, 'an empty unprotected header')
  const body = reader.byteString()
  const signature = reader.byteString()
  reader.end()
  return { header, body, signature }
}

class FrameReader {
  readonly #raw: Uint8Array
  #at = 0

  constructor(raw: Uint8Array) {
    this.#raw = raw
  }

  expect(byte: number, what: string): void {
    if (this.#next() !== byte) throw this.#fail(what)
  }

  byteString(): Uint8Array {
    const length = this.#length()
    const end = this.#at + length
    if (end > this.#raw.length) throw this.#fail(`${length} bytes`)
    const part = this.#raw.subarray(this.#at, end)
    this.#at = end
    return part
  }

  end(): void {
    if (this.#at !== this.#raw.length) throw this.#fail('the end')
  }

  #next(): number {
    const byte = this.#raw[this.#at++]
    if (byte === undefined) throw this.#fail('more bytes')
    return byte
  }

  /** Each size of length has one form: the shortest. */
  #length(): number {
    const form = this.#next() - BYTES
    if (form >= 0 && form < 24) return form
    const size = LONG_FORMS[form - 24]
    if (size === undefined) throw this.#fail('a byte string')
    let length = 0
    for (let digit = 0; digit < size.width; digit++) length = length * 256 + this.#next()
    if (length < size.least) throw this.#fail('the shortest form of a length')
    return length
  }

  #fail(expected: string): DecodeFailed {
    return new DecodeFailed('envelope', expected, `something else before byte ${this.#at}`)
  }
}
