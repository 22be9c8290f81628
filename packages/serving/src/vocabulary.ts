import { assert } from '@infermesh/kernel'

/** Token ids run from 0 to this, exclusive. Id 0 ends a text and has no letters. */
export const vocabularySize = 4096
export const endOfText = 0

/** Ids from `vocabularySize` on are single letters, by their code point: what other engines than the reference write in. */
export const letterTokens = (text: string): number[] => Array.from(text, (letter) => vocabularySize + (letter.codePointAt(0) ?? 0))

/** Whether an id stands for a syllable or a letter. */
export const isToken = (token: number): boolean =>
  Number.isInteger(token) && token >= 0 && (token < vocabularySize || isLetter(token - vocabularySize))

/** Halves of surrogate pairs are no letters. */
const isLetter = (code: number): boolean => code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)

/** The letters of one token. Joined pieces of two halves are the joined whole, so a stream may be cut anywhere. */
export function textOf(tokens: readonly number[]): string {
  let text = ''
  for (const token of tokens) {
    assert(isToken(token), `expected a token id, got ${token}`)
    const piece = token < vocabularySize ? pieces[token] : String.fromCodePoint(token - vocabularySize)
    text += piece
  }
  return text
}

const bytesPerToken = 4

/** How many tokens a prompt of this text costs: its UTF-8 bytes over four, rounded up. */
export function countTokens(text: string): number {
  let bytes = 0
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return Math.ceil(bytes / bytesPerToken)
}

const onsets = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'br', 'st', 'tr']
const vowels = ['a', 'e', 'i', 'o', 'u', 'ai', 'ea', 'ou']
const codas = ['', 'l', 'm', 'n', 'r', 's', 't', 'rk']

/** A syllable starts a word, goes on with one, ends a clause, or ends a sentence. */
const shapes: readonly ((syllable: string) => string)[] = [
  (syllable) => ` ${syllable}`,
  (syllable) => syllable,
  (syllable) => ` ${syllable}en`,
  (syllable) => `${syllable}o,`,
]

const pieces: readonly string[] = spell()

function spell(): string[] {
  const spelled: string[] = []
  for (const shape of shapes)
    for (const onset of onsets) for (const vowel of vowels) for (const coda of codas) spelled.push(shape(onset + vowel + coda))
  spelled[endOfText] = ''
  return spelled
}
