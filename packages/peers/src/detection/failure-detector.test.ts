import { expect, test } from 'vitest'
import { detectorDefaults, FailureDetector } from './failure-detector.ts'
import { negativeLogTail, tailQuantile } from './normal-tail.ts'

const peer = 'peer-a'
const second = 1000

/** Closed form: t = μ + σ·z with Q(z) = 10^−φ, for μ = 1 s, σ = 0.2 s. */
const published = [
  [1, 1.256],
  [3, 1.618],
  [5, 1.853],
  [8, 2.122],
  [10, 2.272],
  [12, 2.407],
] as const

test.each(published)('phi reaches %d at %d seconds after the last of many beats one second apart', (phi, after) => {
  const detector = steady(suspecting(phi))
  const last = 100 * second

  expect((detector.lostAt(peer) as number) - last).toBeCloseTo(after * second, -0.5)
  expect(detector.phi(peer, last + after * second)).toBeCloseTo(phi, 1)
  expect(detector.lost(peer, last + after * second - 3)).toBe(false)
  expect(detector.lost(peer, last + after * second + 3)).toBe(true)
})

test('the deviation of what was seen counts where it is above the floor', () => {
  const detector = suspecting(8)
  for (let beat = 0, now = 0; beat < 60; beat++, now += beat % 2 === 0 ? 500 : 1500) detector.heartbeat(peer, now)
  const last = lastOf(60)

  // Intervals of 0.5 s and 1.5 s in turn have mean near 1 s and deviation 0.5 s: phi 8 at 1 + 5.612·0.5 s.
  expect((detector.lostAt(peer) as number) - last).toBeGreaterThan(3700)
  expect((detector.lostAt(peer) as number) - last).toBeLessThan(3950)
})

test('an outage does not spoil the rhythm of the peer that comes back', () => {
  const detector = steady(suspecting(8))
  detector.heartbeat(peer, 400 * second)

  expect((detector.lostAt(peer) as number) - 400 * second).toBeCloseTo(2122, -0.5)
})

test('a peer that was never heard is not lost, and has no time to be', () => {
  const detector = suspecting(8)

  expect(detector.lost(peer, 100 * second)).toBe(false)
  expect(detector.phi(peer, 100 * second)).toBe(0)
  expect(detector.lostAt(peer)).toBeUndefined()
})

test('the peer silent for longest makes room when the limit is reached', () => {
  const detector = new FailureDetector({ ...detectorDefaults(second, 8), peers: 2 })
  detector.heartbeat('a', 0)
  detector.heartbeat('b', 1)
  detector.heartbeat('a', 2)
  detector.heartbeat('c', 3)

  expect(detector.peers()).toEqual(['a', 'c'])
})

test('the tail agrees with published normal quantiles on both sides of its two formulas', () => {
  expect(negativeLogTail(0)).toBeCloseTo(Math.log10(2), 12)
  expect(negativeLogTail(1.2815515655446004)).toBeCloseTo(1, 9)
  expect(negativeLogTail(2.3263478740408408)).toBeCloseTo(2, 9)
  expect(negativeLogTail(3.090232306167813)).toBeCloseTo(3, 9)
  expect(negativeLogTail(5.612001244174789)).toBeCloseTo(8, 6)
  expect(negativeLogTail(2.5 - 1e-12)).toBeCloseTo(negativeLogTail(2.5), 9)
  expect(negativeLogTail(1e6)).toBeGreaterThan(1e11)
  expect(tailQuantile(8)).toBeCloseTo(5.612001244174789, 6)
})

const suspecting = (suspect: number) => new FailureDetector(detectorDefaults(second, suspect))

function steady(detector: FailureDetector): FailureDetector {
  for (let beat = 0; beat <= 100; beat++) detector.heartbeat(peer, beat * second)
  return detector
}

function lastOf(beats: number): number {
  let now = 0
  for (let beat = 1; beat < beats; beat++) now += beat % 2 === 0 ? 500 : 1500
  return now
}
