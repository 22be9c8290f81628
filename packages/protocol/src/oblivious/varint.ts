import { assert } from '@infermesh/kernel'

/** A QUIC variable-length integer (RFC 9000 §16), in the fewest bytes. */
export function encodeVarint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(value))
  writeVarint(bytes, 0, value)
  return bytes
}

export function varintLength(value: number): 1 | 2 | 4 | 8 {
  assert(Number.isSafeInteger(value) && value >= 0, `expected a whole number from 0 to 2^53-1, got ${value}`)
  if (value < 0x40) return 1
  if (value < 0x4000) return 2
  return value < 0x40000000 ? 4 : 8
}

/** Writes the integer at `offset`, and says how many bytes it took. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  const length = varintLength(value)
  let rest = value
  for (let index = offset + length - 1; index >= offset; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes[offset] = (bytes[offset] ?? 0) | MARKERS[length]
  return length
}

/** Bytes taken by the integer that starts at `offset`: 1, 2, 4 or 8; 0 when the input ends before or inside it. */
export function varintSize(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset]
  if (first === undefined) return 0
  const size = 1 << (first >>> 6)
  return offset + size <= bytes.length ? size : 0
}

/** The integer at `offset`, which `varintSize` found whole. Longer forms than needed are legal; above 2^53 it loses precision, far over any limit. */
export function varintAt(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset] ?? 0
  const size = 1 << (first >>> 6)
  let value = first & 0x3f
  for (let index = 1; index < size; index++) value = value * 256 + (bytes[offset + index] ?? 0)
  return value
}

/** The two top bits of the first byte, by length. */
const MARKERS = { 1: 0x00, 2: 0x40, 4: 0x80, 8: 0xc0 } as const
