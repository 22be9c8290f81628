import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { lognormalLatency, normalQuantile } from './latency.ts'

test('lognormal latency has the asked median and 99th percentile over pairs, and is the same both ways', () => {
  const model = lognormalLatency({ median: 40, p99: 180, jitter: 0, seed: 9 })
  const random = randomFrom(1)
  const drawn = Array.from({ length: 20_000 }, (_, pair) => model.delay(pair, pair * 3 + 1, random)).sort((left, right) => left - right)

  expect(drawn[10_000]).toBeGreaterThan(38)
  expect(drawn[10_000]).toBeLessThan(42)
  expect(drawn[19_800]).toBeGreaterThan(165)
  expect(drawn[19_800]).toBeLessThan(196)
  expect(model.delay(3, 8, random)).toBe(model.delay(8, 3, random))
  expect(normalQuantile(0.99)).toBeCloseTo(2.326, 2)
})
