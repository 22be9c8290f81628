import { type Random, randomFrom } from '@infermesh/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DelayPolicy, Mix, type MixStep } from './mix.ts'

const policies: readonly DelayPolicy[] = [
  { kind: 'none' },
  { kind: 'exponential', mean: 100 },
  { kind: 'timed', every: 50 },
  { kind: 'threshold', count: 4, longest: 60 },
  { kind: 'pool', kept: 3, flushed: 4, longest: 60 },
]

/** Items one a step of ten milliseconds, and then quiet until all timers have fired. */
function run(policy: DelayPolicy, count: number, random: Random) {
  const mix = new Mix<number>(policy, entropyOf(random))
  const timers: { readonly at: number; readonly key: string }[] = []
  const left: { readonly item: number; readonly at: number }[] = []
  const take = ({ leaving, timer }: MixStep<number>, now: number): void => {
    left.push(...leaving.map((item) => ({ item, at: now })))
    if (timer !== undefined) timers.push({ at: now + timer.after, key: timer.key })
  }
  for (let now = 0; now < count * 10 + 5_000; now++) {
    if (now % 10 === 0 && now < count * 10) take(mix.add(now / 10), now)
    for (const timer of timers.filter(({ at }) => at === now)) take(mix.onTimer(timer.key), now)
  }
  return { left, held: mix.size() }
}

test('whatever the rule, each message leaves exactly once, and never before it came', () => {
  fc.assert(
    fc.property(fc.constantFrom(...policies), fc.integer({ min: 0, max: 40 }), fc.nat(), (policy, count, seed) => {
      const { left, held } = run(policy, count, randomFrom(seed))

      expect(held).toBe(0)
      expect(left.map(({ item }) => item).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, item) => item))
      expect(left.every(({ item, at }) => at >= item * 10)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('a threshold sends its batch with the last of it; time sends what is too few', () => {
  const { left } = run({ kind: 'threshold', count: 4, longest: 60 }, 6, randomFrom(1))

  expect(left.slice(0, 4).map(({ at }) => at)).toEqual([30, 30, 30, 30])
  expect(left.slice(4).every(({ at }) => at > 30 && at <= 110)).toBe(true)
})

test('exponential delays have the mean that was asked for', () => {
  const { left } = run({ kind: 'exponential', mean: 100 }, 400, randomFrom(2))
  const mean = left.reduce((sum, { item, at }) => sum + at - item * 10, 0) / left.length

  expect(mean).toBeGreaterThan(85)
  expect(mean).toBeLessThan(115)
})

test('a batch leaves in an order of its own', () => {
  const orders = new Set(
    [1, 2, 3, 4, 5, 6].map((seed) =>
      run({ kind: 'timed', every: 50 }, 5, randomFrom(seed))
        .left.map(({ item }) => item)
        .join(),
    ),
  )

  expect(orders.size).toBeGreaterThan(2)
})

const entropyOf =
  (random: Random) =>
  (length: number): Uint8Array =>
    Uint8Array.from({ length }, () => random.below(256))
