import { AssertionFailed, assert } from '@infermesh/kernel'
import { CborReader } from './cbor-reader.ts'
import { CborWriter, MAJOR, SIMPLE, written } from './cbor-writer.ts'

/** Lists and maps within one another; nothing here comes near it, and a hostile sender gets no deeper. */
const DEPTH_MAX = 64

/** Deterministic CBOR (RFC 8949 §4.2): shortest integers, definite lengths, keys in order. No floats: there are none in the protocol. */
export const encodeCbor = (value: unknown): Uint8Array => written((writer) => writeCbor(writer, value))

/** Refuses everything that `encodeCbor` would not have written, so that each value has one spelling. Byte strings are views of `bytes`. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new CborReader(bytes, 'bytes')
  const value = readAny(reader, 0)
  reader.end()
  return value
}

/** Writes what `encodeCbor` would, behind what the writer has already. */
export function writeCbor(writer: CborWriter, value: unknown): void {
  if (typeof value === 'number') writeNumber(writer, value)
  else if (typeof value === 'string') writer.text(value)
  else if (value === null) writer.simple(SIMPLE.null)
  else if (value === undefined) writer.simple(SIMPLE.undefined)
  else if (typeof value === 'boolean') writer.simple(value ? SIMPLE.true : SIMPLE.false)
  else if (value instanceof Uint8Array) writer.bytes(value)
  else if (Array.isArray(value)) {
    writer.list(value.length)
    for (const item of value) writeCbor(writer, item)
  } else if (value instanceof Map) writeMap(writer, [...value])
  else if (typeof value === 'object') writeRecord(writer, value as Readonly<Record<string, unknown>>)
  else throw new AssertionFailed(`expected JSON-like values and bytes to encode, got a ${typeof value}`)
}

function writeNumber(writer: CborWriter, value: number): void {
  if (value < 0 && Number.isSafeInteger(value)) writer.head(MAJOR.negative, -1 - value)
  else writer.uint(value)
}

/** Keys in the order of their encodings: the names of fields, of which the shorter go first. */
function writeRecord(writer: CborWriter, record: Readonly<Record<string, unknown>>): void {
  const keys = Object.keys(record)
  sortPlain(keys)
  writer.head(MAJOR.map, keys.length)
  for (const key of keys) {
    writer.name(key)
    writeCbor(writer, record[key])
  }
}

/** By insertion: records have few keys, and most stand nearly in order. */
function sortPlain(keys: string[]): void {
  for (let end = 1; end < keys.length; end++) {
    const key = keys[end] ?? ''
    let at = end
    for (; at > 0 && isBefore(key, keys[at - 1] ?? ''); at--) keys[at] = keys[at - 1] ?? ''
    keys[at] = key
  }
}

const isBefore = (left: string, right: string): boolean => (left.length === right.length ? left < right : left.length < right.length)

function writeMap(writer: CborWriter, entries: readonly (readonly [unknown, unknown])[]): void {
  const keyed = entries.map(([key, value]) => ({ key, value, spelling: keySpelling(key) }))
  keyed.sort((left, right) => (left.spelling < right.spelling ? -1 : 1))
  writer.head(MAJOR.map, keyed.length)
  for (const { key, value } of keyed) {
    writeCbor(writer, key)
    writeCbor(writer, value)
  }
}

/** The key's encoding, a character a byte. */
function keySpelling(key: unknown): string {
  assert(typeof key === 'number' || typeof key === 'string', `expected numbers and texts as a map's keys, got a ${typeof key}`)
  // The shared writer is in the midst of the map.
  const own = new CborWriter()
  writeCbor(own, key)
  return String.fromCharCode(...own.take())
}

function readAny(reader: CborReader, depth: number): unknown {
  if (depth > DEPTH_MAX) reader.fail(`at most ${DEPTH_MAX} lists and maps within one another`, 'more')
  const { major, count } = reader.head()
  switch (major) {
    case MAJOR.uint:
      return count
    case MAJOR.negative:
      return count < Number.MAX_SAFE_INTEGER ? -1 - count : reader.fail('a whole number above -2^53', 'a lesser one')
    case MAJOR.bytes:
      return reader.body(count)
    case MAJOR.text:
      return reader.textBody(count)
    case MAJOR.list:
      return readList(reader, count, depth)
    case MAJOR.map:
      return readMap(reader, count, depth)
    default:
      return readSimple(reader, count)
  }
}

function readList(reader: CborReader, length: number, depth: number): unknown[] {
  // Not made to its length at once: a head of five bytes may claim anything.
  const items: unknown[] = []
  for (let index = 0; index < length; index++) items.push(readAny(reader, depth + 1))
  return items
}

function readMap(reader: CborReader, size: number, depth: number): Map<number | string, unknown> {
  const map = new Map<number | string, unknown>()
  let before = ''
  for (let index = 0; index < size; index++) {
    const key = readAny(reader, depth + 1)
    if (typeof key !== 'number' && typeof key !== 'string') return reader.fail('a number or a text as a key', 'something else')
    const spelling = keySpelling(key)
    if (spelling <= before) reader.fail('keys in order, each once', `the key ${key}`)
    before = spelling
    map.set(key, readAny(reader, depth + 1))
  }
  return map
}

function readSimple(reader: CborReader, byte: number): unknown {
  switch (byte) {
    case SIMPLE.false:
      return false
    case SIMPLE.true:
      return true
    case SIMPLE.null:
      return null
    case SIMPLE.undefined:
      return undefined
    default:
      return reader.fail('a number, bytes, text, list, map, true, false or null', 'a tag, a float or a simple value without a meaning here')
  }
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}
