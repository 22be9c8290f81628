import { expect, test } from 'vitest'
import { type AttentionRow, stepTimeFromTables } from './profile-tables.ts'
import { emptyLoad, interpolate } from './step-time.ts'

test('draws straight lines between knots, and goes on beyond the last', () => {
  const knots = { at: [1, 10, 20], value: [5, 14, 34] }

  expect([0, 1, 4, 10, 15, 20, 30].map((at) => interpolate(knots, at))).toEqual([5, 5, 8, 14, 24, 34, 54])
})

test('reads the attention of chunks, decodes and both from their own part of the table', () => {
  const flat = { at: [1, 2], value: [0, 0] }
  const stepTime = stepTimeFromTables({ layers: 1_000, denseMs: flat, headMs: flat, attention: table() })

  expect(stepTime({ ...emptyLoad(), tokens: 24, chunkTokens: [24], chunkContext: [8] })).toBeCloseTo(248, 9)
  expect(stepTime({ ...emptyLoad(), tokens: 3, decodes: 3, decodeContext: 72 })).toBeCloseTo(324, 9)
  expect(stepTime({ ...emptyLoad(), tokens: 25, decodes: 1, decodeContext: 20, chunkTokens: [24], chunkContext: [8] })).toBeCloseTo(368, 9)
  expect(stepTime({ ...emptyLoad(), tokens: 24, chunkTokens: [12, 12], chunkContext: [0, 16] })).toBeCloseTo(248, 9)
})

test('says which cell of the table is missing', () => {
  const flat = { at: [1, 2], value: [0, 0] }
  const row = (chunkTokens: number) => ({ chunkTokens, chunkContext: 0, decodes: 0, decodeContext: 0, time: 1 })
  const stepTime = stepTimeFromTables({
    layers: 1,
    denseMs: flat,
    headMs: flat,
    attention: [row(16), row(32), { ...row(0), decodes: 1, decodeContext: 16 }],
  })

  expect(() => stepTime({ ...emptyLoad(), tokens: 20, chunkTokens: [16], chunkContext: [0], decodes: 1, decodeContext: 16 })).toThrow(
    'the profile is incomplete',
  )
})

/** A plane, so that every straight line between its points is exact. */
function table(): AttentionRow[] {
  const chunks = [[0, 0], ...[16, 32].flatMap((tokens) => [0, 16, 32].map((context) => [tokens, context]))]
  const decodes = [[0, 0], ...[1, 2, 4].flatMap((count) => [16, 32].map((context) => [count, context]))]
  const rows = chunks.flatMap(([chunkTokens = 0, chunkContext = 0]) =>
    decodes.map(([count = 0, decodeContext = 0]) => ({
      chunkTokens,
      chunkContext,
      decodes: count,
      decodeContext,
      time: chunkTokens * 10 + chunkContext + count * 100 + decodeContext,
    })),
  )
  return rows.slice(1)
}
