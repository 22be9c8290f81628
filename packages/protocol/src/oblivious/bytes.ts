import { assert } from '@infermesh/kernel'

export const EMPTY: Uint8Array = new Uint8Array(0)

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    // A call to `set` costs more than a loop over the few bytes that most parts have.
    if (part.length > 48) joined.set(part, offset)
    else for (let index = 0; index < part.length; index++) joined[offset + index] = part[index] ?? 0
    offset += part.length
  }
  return joined
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let index = 0; index < left.length; index++) difference |= (left[index] ?? 0) ^ (right[index] ?? 0)
  return difference === 0
}

/** One character per byte, both ways: HTTP text is bytes, and this loses none of them. */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length <= CHARACTERS_AT_ONCE) return Reflect.apply(String.fromCharCode, undefined, bytes)
  let text = ''
  for (let offset = 0; offset < bytes.length; offset += CHARACTERS_AT_ONCE) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(offset, offset + CHARACTERS_AT_ONCE))
  }
  return text
}

export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    assert(code <= 0xff, `expected characters up to U+00FF in HTTP text, got U+${code.toString(16)}`)
    bytes[index] = code
  }
  return bytes
}

export const u8 = (value: number): Uint8Array => Uint8Array.of(value)
export const u16 = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value & 0xff)
export const u16At = (bytes: Uint8Array, offset: number): number => ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0)

/** The nonce of message `sequence`: the base nonce XOR the number, big-endian, at the end (RFC 9180 §5.2). */
export function sequenceNonce(base: Uint8Array, sequence: number): Uint8Array {
  assert(Number.isSafeInteger(sequence), `expected a sequence number below 2^53, got ${sequence}`)
  // Not `slice`: on a Node buffer that is a view, and the base nonce would change under us.
  const nonce = new Uint8Array(base)
  let rest = sequence
  for (let index = nonce.length - 1; rest > 0 && index >= 0; index--) {
    nonce[index] = (nonce[index] ?? 0) ^ (rest & 0xff)
    rest = Math.floor(rest / 256)
  }
  return nonce
}

/** Well under the number of arguments that a call may have. */
const CHARACTERS_AT_ONCE = 1024
