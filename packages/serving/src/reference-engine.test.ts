import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGenerator, type GeneratorOptions } from './reference-engine.ts'
import { countTokens, endOfText, letterTokens, textOf, vocabularySize } from './vocabulary.ts'

const hash = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const base: GeneratorOptions = { hash, weights: Uint8Array.of(1, 2, 3), prompt: Uint8Array.of(7, 8), seed: 5 }
const first = (options: Partial<GeneratorOptions>, count = 64): number[] => createGenerator({ ...base, ...options }).tokens(0, count)

test('says the same again for the same weights, prompt and seed', () => {
  expect(first({})).toEqual(first({}))
  expect(textOf(first({}, 6))).toMatchInlineSnapshot(`" breasen nirken tel po vaimfon"`)
})

test('changes almost every token when one bit of the weights, the prompt or the seed changes', () => {
  const changed = [{ weights: Uint8Array.of(1, 2, 2) }, { prompt: Uint8Array.of(7, 9) }, { seed: 6 }, { seed: 5 + 0x100000000 }]

  for (const change of changed) {
    const other = first(change)
    expect(first({}).filter((token, index) => token === other[index]).length).toBeLessThan(3)
  }
})

test('does not take a byte of the prompt for a byte of the weights', () => {
  const moved = first({ weights: Uint8Array.of(1, 2), prompt: Uint8Array.of(3, 7, 8) })

  expect(moved).not.toEqual(first({}))
})

test('goes on from any token as if it had said the ones before', () => {
  const whole = first({}, 200)

  fc.assert(
    fc.property(fc.nat(150), fc.nat(50), (from, count) => {
      expect(createGenerator(base).tokens(from, count)).toEqual(whole.slice(from, from + count))
    }),
  )
})

test('ends at the natural end, near the asked-for mean, and never above the maximum', () => {
  const lengths = Array.from({ length: 400 }, (_, seed) => createGenerator({ ...base, seed, naturalTokens: 100 }).answerLength(150))
  const generator = createGenerator({ ...base, naturalTokens: 100 })
  const end = generator.answerLength(1000)

  expect(Math.max(...lengths)).toBe(150)
  expect(lengths.reduce((sum, length) => sum + length, 0) / 400).toBeGreaterThan(75)
  expect(generator.token(end - 1)).not.toBe(endOfText)
  expect(generator.token(end)).toBe(endOfText)
  expect(generator.tokens(0, 1000)).toHaveLength(end)
})

test('spells every token differently, and a cut text like the whole', () => {
  const all = Array.from({ length: vocabularySize }, (_, token) => token)

  expect(new Set(all.map((token) => textOf([token]))).size).toBe(vocabularySize)
  expect(textOf(all.slice(0, 99)) + textOf(all.slice(99))).toBe(textOf(all))
  expect(textOf(letterTokens('Zoë 🎈'))).toBe('Zoë 🎈')
  for (const wrong of [-1, 0.5, vocabularySize + 0xd800, vocabularySize + 0x110000])
    expect(() => textOf([wrong])).toThrow('expected a token id')
})

test('counts a prompt by its UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(countTokens(text)).toBe(Math.ceil(Buffer.byteLength(text.toWellFormed()) / 4))
    }),
  )
})
