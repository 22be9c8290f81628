import type { RelayTimes } from './timing-correlation.ts'

/** Messages in the pool as each departure leaves, it included: an attacker who knows the pool by flooding or blocking is right once in so many. */
export function poolSizes({ arrivals, departures }: RelayTimes): readonly number[] {
  let next = 0
  return departures.map((at, gone) => {
    while (next < arrivals.length && (arrivals[next] ?? 0) <= at) next += 1
    return next - gone
  })
}

/** Chance that a peer with loop messages misses a blocking of this length: e^(−rate · length). */
export const blockingMissed = (loopRate: number, length: number): number => Math.exp(-loopRate * length)
