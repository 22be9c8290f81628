import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockingMissed, poolSizes } from './blending.ts'
import { dictionaryHits } from './dictionary.ts'
import { hittingSets } from './hitting-set.ts'
import { intersect, roundsToOne } from './intersection.ts'
import { areaUnderCurve, entropyBits, minEntropyBits } from './metrics.ts'
import { neighbours } from './nearest-neighbours.ts'
import { labelBits, partitionBy } from './partition.ts'
import { roundsNeeded } from './statistical-disclosure.ts'
import { mixEntropies, newestArrivals } from './timing-correlation.ts'

test('a relay that sends each message on before the next one comes hides nothing', () => {
  const times = { arrivals: [1, 3, 5], departures: [2, 4, 6] }

  expect(mixEntropies(times)).toEqual([0, 0, 0])
  expect(newestArrivals(times)).toEqual([0, 1, 2])
  expect(poolSizes(times)).toEqual([1, 1, 1])
})

test('the running entropy of a mix agrees with weights that are all kept', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (steps) => {
      const events = steps.map((arrival, at) => ({ arrival, at }))
      const arrivals = events.filter(({ arrival }) => arrival).map(({ at }) => at)
      const departures: number[] = []
      const expected: number[] = []
      let weights: number[] = []
      for (const { arrival, at } of events) {
        if (arrival) weights.push(1)
        else if (Math.round(weights.reduce((sum, weight) => sum + weight, 0)) > 0) {
          const pool = Math.round(weights.reduce((sum, weight) => sum + weight, 0))
          departures.push(at)
          expected.push(entropyBits(weights))
          weights = weights.map((weight) => weight * (1 - 1 / pool))
        }
      }

      mixEntropies({ arrivals, departures }).forEach((bits, index) => {
        expect(bits).toBeCloseTo(expected[index] ?? 0, 9)
      })
    }),
  )
})

test('intersection leaves those present in every round', () => {
  const rounds = [new Set(['a', 'b', 'c']), new Set(['a', 'b']), new Set(['a', 'd'])]

  expect(intersect(rounds)).toEqual(new Set(['a']))
  expect(roundsToOne(['a', 'b', 'c', 'd'], rounds)).toBe(3)
  expect(roundsToOne(['a', 'b', 'c', 'd'], rounds.slice(0, 2))).toBeUndefined()
})

test('contacts are known once one smallest set meets every round', () => {
  const rounds = [new Set(['x', 'p', 'q']), new Set(['y', 'p', 'r']), new Set(['x', 'r', 's'])]

  expect(hittingSets(rounds, 2).length).toBeGreaterThan(1)
  expect(hittingSets([...rounds, new Set(['y', 's', 't']), new Set(['x', 'u', 'v']), new Set(['y', 'u', 'w'])], 2)).toEqual([
    new Set(['x', 'y']),
  ])
})

test('a dictionary finds unsalted texts and no salted one', () => {
  const hash = (text: string) => `#${text}`

  expect(dictionaryHits(['#hello', '#salt1|hello'], ['hello', 'bye'], hash)).toEqual(['hello', undefined])
})

test('metrics agree with what can be worked out by hand', () => {
  expect(entropyBits([1, 1, 1, 1])).toBe(2)
  expect(minEntropyBits([2, 1, 1])).toBe(1)
  expect(areaUnderCurve([3, 4], [1, 2])).toBe(1)
  expect(areaUnderCurve([1, 2], [1, 2])).toBe(0.5)
  expect(areaUnderCurve([1, 1], [1, 1])).toBe(0.5)
  expect(labelBits(['a', 'b', 'a', 'b'], (label) => label)).toBe(1)
  expect([...partitionBy([1, 2, 3], (value) => String(value % 2)).values()]).toEqual([[1, 3], [2]])
  expect(blockingMissed(2, 0.5)).toBeCloseTo(Math.exp(-1), 12)
})

test('the rounds that statistical disclosure needs are those of the published cases', () => {
  const cases = [
    [1000, 10, 50, 2, 141],
    [1000, 20, 50, 3, 1018],
    [1000, 20, 20, 2, 250],
    [20_000, 20, 50, 3, 268],
  ] as const

  for (const [receivers, contacts, batch, deviations, rounds] of cases) {
    expect(Math.round(roundsNeeded({ receivers, contacts, batch, deviations }))).toBe(rounds)
  }
})

test('the nearest examples answer, and all of them where all are alike', () => {
  const answers = ['a', 'b', 'b', 'b', 'c']
  const apart = neighbours(
    answers.map((answer, index) => ({ features: [10 * index], answer })),
    2,
  )
  const alike = neighbours(
    answers.map((answer) => ({ features: [1], answer })),
    2,
  )

  expect(apart([1])).toEqual(['a', 'b'])
  expect(alike([1])).toEqual(answers)
})
