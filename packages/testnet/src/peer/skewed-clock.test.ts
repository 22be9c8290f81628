import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SkewedClock } from './skewed-clock.ts'

test('an untouched clock shows the true time in whole milliseconds', () => {
  let time = 10.7
  const clock = new SkewedClock(() => time)

  expect(clock.now()).toBe(10)
  time = 1234.5
  expect(clock.now()).toBe(1234)
})

test('a clock set ahead jumps; set right again it stands still until the true time has caught up', () => {
  let time = 1000
  const clock = new SkewedClock(() => time)

  clock.set({ offset: 500, driftPpm: 0 })
  expect(clock.now()).toBe(1500)
  clock.set({ offset: 0, driftPpm: 0 })
  time = 1200
  expect(clock.now()).toBe(1500)
  time = 1600
  expect(clock.now()).toBe(1600)
})

test('a drifting clock gains its parts per million', () => {
  let time = 0
  const clock = new SkewedClock(() => time)

  clock.set({ offset: 0, driftPpm: 100_000 })
  time = 10_000

  expect(clock.now()).toBe(11_000)
})

test('a clock that drifts fast fires its timers early, and one that is unset does not fire', async () => {
  const clock = new SkewedClock(() => performance.now())
  clock.set({ offset: 0, driftPpm: 9_000_000 })
  const begun = performance.now()

  const unset = clock.after(10, () => expect.unreachable())
  unset()
  await new Promise<void>((resolve) => clock.after(1000, resolve))

  expect(performance.now() - begun).toBeLessThan(900)
})

test('whatever is done to a clock, it never goes back', () => {
  const step = fc.record({
    pass: fc.nat(1000),
    offset: fc.integer({ min: -5000, max: 5000 }),
    driftPpm: fc.integer({ min: -500_000, max: 500_000 }),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let time = 0
      const clock = new SkewedClock(() => time)
      let last = 0
      for (const { pass, ...rule } of steps) {
        clock.set(rule)
        time += pass
        const now = clock.now()
        expect(now).toBeGreaterThanOrEqual(last)
        last = now
      }
    }),
  )
})
