/** UTF-8 by hand: pure packages have no `TextEncoder`, and most texts here are short and ASCII. Unpaired surrogates become U+FFFD. */

const REPLACEMENT = 0xfffd
/** Code units that one call of `String.fromCharCode` takes. */
const CHUNK = 4_096

export function utf8Length(text: string): number {
  let length = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) length++
    else if (unit < 0x800) length += 2
    else if (isPair(text, index)) {
      length += 4
      index++
    } else length += 3
  }
  return length
}

/** Writes `text` from `at` on; there must be room for `utf8Length(text)` bytes. */
export function writeUtf8(text: string, raw: Uint8Array, at: number): void {
  let next = at
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) {
      raw[next++] = unit
    } else {
      next = writePoint(pointAt(text, index), raw, next)
      if (isPair(text, index)) index++
    }
  }
}

/** The text, or `undefined` for bytes that are not the one UTF-8 spelling of a text. */
export function readUtf8(raw: Uint8Array, from: number, to: number): string | undefined {
  for (let index = from; index < to; index++) if ((raw[index] ?? 0) >= 0x80) return readWide(raw, from, to)
  return textOf(raw.subarray(from, to))
}

const isPair = (text: string, index: number): boolean => isHigh(text.charCodeAt(index)) && isLow(text.charCodeAt(index + 1))
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000

function pointAt(text: string, index: number): number {
  const unit = text.charCodeAt(index)
  if (isPair(text, index)) return 0x10000 + ((unit - 0xd800) << 10) + (text.charCodeAt(index + 1) - 0xdc00)
  return isHigh(unit) || isLow(unit) ? REPLACEMENT : unit
}

function writePoint(point: number, raw: Uint8Array, at: number): number {
  const rest = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3
  raw[at] = LEADS[rest as 1 | 2 | 3] | (point >> (6 * rest))
  for (let index = 1; index <= rest; index++) raw[at + index] = 0x80 | ((point >> (6 * (rest - index))) & 0x3f)
  return at + rest + 1
}

/** First byte of a sequence, by how many bytes follow it. */
const LEADS = { 1: 0xc0, 2: 0xe0, 3: 0xf0 } as const
/** Least code point that needs so many further bytes: whatever is less has a shorter spelling. */
const LEAST = { 1: 0x80, 2: 0x800, 3: 0x10000 } as const

const textOf = (units: Uint8Array | Uint16Array): string => {
  if (units.length <= CHUNK) return String.fromCharCode.apply(undefined, units as unknown as number[])
  let text = ''
  for (let at = 0; at < units.length; at += CHUNK)
    text += String.fromCharCode.apply(undefined, units.subarray(at, at + CHUNK) as unknown as number[])
  return text
}

function readWide(raw: Uint8Array, from: number, to: number): string | undefined {
  const units = new Uint16Array(to - from)
  let count = 0
  for (let at = from; at < to; ) {
    const point = pointFrom(raw, at, to)
    if (point === undefined) return undefined
    if (point >= 0x10000) {
      units[count++] = 0xd800 + ((point - 0x10000) >> 10)
      units[count++] = 0xdc00 + ((point - 0x10000) & 0x3ff)
    } else units[count++] = point
    at += sizeOf(point)
  }
  return textOf(units.subarray(0, count))
}

const sizeOf = (point: number): number => (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4)

function pointFrom(raw: Uint8Array, at: number, to: number): number | undefined {
  const lead = raw[at] ?? 0
  if (lead < 0x80) return lead
  const rest = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1
  if (lead < 0xc2 || lead > 0xf4 || at + rest >= to) return undefined
  let point = lead & (0x3f >> rest)
  for (let index = 1; index <= rest; index++) {
    const byte = raw[at + index] ?? 0
    if ((byte & 0xc0) !== 0x80) return undefined
    point = (point << 6) | (byte & 0x3f)
  }
  if (point < LEAST[rest] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined
  return point
}
