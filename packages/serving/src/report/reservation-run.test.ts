import { randomFrom } from '@infermesh/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BestFitMemory, BuddyMemory } from '../kv/contiguous-memory.ts'
import { paperSetup, type Reservation, type ReservationResult, runReservation } from './reservation-run.ts'

/** PagedAttention (SOSP 2023), figure 2 and figure 13a: shares in points of the pool, and the mean batch. */
const published: readonly (readonly [Reservation, readonly [number, number, number, number], number])[] = [
  ['max', [20.4, 13.3, 57.3, 8.9], 7],
  ['pow2', [26.8, 17.9, 13.6, 41.6], 9.81],
  ['oracle', [38.2, 25.2, 0, 36.6], 13.62],
]

test.each(published)('loses memory like an engine that reserves %s', (reservation, shares, batch) => {
  const result = run(reservation)

  shares.forEach((share, index) => {
    expect(Math.abs((sharesOf(result)[index] ?? 0) - share)).toBeLessThan(5)
  })
  expect(Math.abs(result.meanBatchSaturated / batch - 1)).toBeLessThan(0.08)
})

test('in pages loses almost nothing and runs the larger batch', () => {
  const paged = run('paged')

  expect(paged.tokens * 100).toBeGreaterThan(96.3)
  expect(paged.meanBatchSaturated).toBeGreaterThan(2 * run('oracle').meanBatchSaturated * 0.95)
})

test('owes much of the waste to the buddy allocator', () => {
  const bestFit = runReservation({ ...paperSetup, random: randomFrom('table'), reservation: 'oracle', allocator: 'best-fit' })

  expect(bestFit.external).toBeLessThan(run('oracle').external / 2)
})

test.each([
  ['buddy', (): BuddyMemory => new BuddyMemory(100)],
  ['best fit', (): BestFitMemory => new BestFitMemory(100)],
])('%s never hands out a slot twice, and has all of it again in the end', (_, create) => {
  fc.assert(
    fc.property(fc.array(fc.record({ size: fc.integer({ min: 1, max: 40 }), drop: fc.nat(4) })), (steps) => {
      const memory = create()
      const pieces: { start: number; size: number }[] = []
      for (const { size, drop } of steps) {
        const start = memory.allocate(size)
        if (start !== undefined) pieces.push({ start, size })
        for (const piece of pieces.splice(drop, 1)) memory.free(piece.start)
        const sorted = pieces.toSorted((left, right) => left.start - right.start)
        sorted.forEach((piece, index) => {
          expect(piece.start + piece.size).toBeLessThanOrEqual(sorted[index + 1]?.start ?? 100)
        })
      }
      for (const piece of pieces) memory.free(piece.start)
      expect(memory.allocate(64)).toBe(0)
    }),
  )
})

const run = (reservation: Reservation): ReservationResult => runReservation({ ...paperSetup, random: randomFrom('table'), reservation })
const sharesOf = (result: ReservationResult): number[] =>
  [result.tokens, result.reserved, result.internal, result.external].map((share) => share * 100)
