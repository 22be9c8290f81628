/** Lower-case hex, by tables: digests are map keys, so every envelope comes through here. */

const digits = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0))
const HIGH = Uint8Array.from({ length: 256 }, (_, byte) => digits[byte >> 4] ?? 0)
const LOW = Uint8Array.from({ length: 256 }, (_, byte) => digits[byte & 15] ?? 0)
const VALUES = new Uint8Array(256)
for (const [value, code] of digits.entries()) VALUES[code] = value
for (const [value, digit] of [...'ABCDEF'].entries()) VALUES[digit.charCodeAt(0)] = value + 10

/** A text is made of whole pieces faster than of single letters. */
export function toHex(raw: Uint8Array): string {
  let text = ''
  let at = 0
  for (; at + 8 <= raw.length; at += 8) text += eightBytes(raw, at)
  for (; at < raw.length; at++) text += String.fromCharCode(high(raw[at]), low(raw[at]))
  return text
}

const high = (byte = 0): number => HIGH[byte] ?? 0
const low = (byte = 0): number => LOW[byte] ?? 0

function eightBytes(raw: Uint8Array, at: number): string {
  const [a, b, c, d] = [raw[at], raw[at + 1], raw[at + 2], raw[at + 3]]
  const [e, f, g, h] = [raw[at + 4], raw[at + 5], raw[at + 6], raw[at + 7]]
  // biome-ignore format: a byte a line
  return String.fromCharCode(
    high(a), low(a),
    high(b), low(b),
    high(c), low(c),
    high(d), low(d),
    high(e), low(e),
    high(f), low(f),
    high(g), low(g),
    high(h), low(h),
  )
}

/** Digits that are none count as 0: texts come from this program, which made them from bytes. */
export function fromHex(hex: string): Uint8Array {
  const raw = new Uint8Array(hex.length >> 1)
  for (let index = 0, at = 0; index < raw.length; index++, at += 2) raw[index] = (valueAt(hex, at) << 4) | valueAt(hex, at + 1)
  return raw
}

const valueAt = (hex: string, at: number): number => VALUES[hex.charCodeAt(at)] ?? 0
