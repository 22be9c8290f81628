import { asciiBytes } from '@infermesh/protocol'

/**
 * A slice of an endless made-up text, in tokens. Equal names are equal texts, so a conversation's prompt can grow at its end and
 * requests can share a front, without sending any of it to the client.
 */
export interface Passage {
  readonly text: string
  readonly from: number
  readonly tokens: number
}

/** The prompt that these passages make, four letters for each token. */
export function promptOfPassages(passages: readonly Passage[]): Uint8Array {
  const bytes = new Uint8Array(passages.reduce((sum, { tokens }) => sum + tokens, 0) * LETTERS)
  let offset = 0
  for (const { text, from, tokens } of passages) {
    const name = nameHash(text)
    for (let index = from; index < from + tokens; index++) {
      let word = mixed(name ^ mixed(index >>> 0) ^ Math.floor(index / 0x100000000))
      for (let letter = 0; letter < LETTERS; letter++, word >>>= 8) bytes[offset++] = A + ((word & 0xff) % 26)
    }
  }
  return bytes
}

/** Whether a caller's value is a list of passages that make at most `tokensMax` tokens. */
export function arePassages(value: unknown, tokensMax: number): value is readonly Passage[] {
  if (!Array.isArray(value) || !value.every(isPassage)) return false
  return value.reduce((sum: number, { tokens }: Passage) => sum + tokens, 0) <= tokensMax
}

const isPassage = (value: unknown): value is Passage =>
  typeof value === 'object' &&
  value !== null &&
  'text' in value &&
  typeof value.text === 'string' &&
  'from' in value &&
  isIndex(value.from) &&
  'tokens' in value &&
  isIndex(value.tokens)

const isIndex = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** FNV-1a. */
const nameHash = (name: string): number => asciiBytes(name).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5 | 0)

/** Murmur3's last step. */
function mixed(word: number): number {
  let state = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}

const LETTERS = 4
const A = 97
