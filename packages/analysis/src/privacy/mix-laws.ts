import type { Random } from '@infermesh/kernel'
import { poolSizes } from '../attacks/blending.ts'
import { entropyBits, hitRate } from '../attacks/metrics.ts'
import { labelBits } from '../attacks/partition.ts'
import { delayWeights, mixEntropies, newestArrivals } from '../attacks/timing-correlation.ts'
import { type Law, near, within } from '../laws/law.ts'
import { exponential, mean, poisson } from './draws.ts'
import { runMix, settled } from './mix-world.ts'

type Delay = (random: Random) => number
const UNIT: Delay = (random) => exponential(random, 1)

/** Watcher of an exponential mix: log2(e·ρ) bits, where ρ messages are held on average. */
export const mixEntropy = (load: number, delay: Delay = UNIT): Law => ({
  name: `privacy.mix-entropy.load-${load}`,
  source: 'exponential mix: log2(e·ρ) bits (Danezis 2004)',
  run: (random) => {
    const run = runMix(random, { rate: load, messages: 60_000, delay })
    const expected = Math.log2(Math.E * load)
    return within(expected, mean(settled(mixEntropies(run))), [expected - 0.05, expected + 0.05])
  },
})

/** The newest arrival is the one that leaves with chance 1/(1+ρ). */
export const mixHit = (load: number, delay: Delay = UNIT): Law => ({
  name: `privacy.mix-hit.load-${load}`,
  source: 'best guess at an exponential mix: 1/(1+ρ)',
  run: (random) => {
    const run = runMix(random, { rate: load, messages: 12_000 * (2 + load), delay })
    return near(1 / (1 + load), hitRate(settled(newestArrivals(run)), settled(run.truth)), 0.05)
  },
})

/** An attacker who knows what is in the pool. */
export const blending = (load: number, delay: Delay = UNIT): Law => ({
  name: `privacy.blending.load-${load}`,
  source: 'n−1 attack on an exponential mix: (1−e^−ρ)/ρ',
  run: (random) => {
    const run = runMix(random, { rate: load, messages: 60_000, delay })
    return near((1 - Math.exp(-load)) / load, mean(settled(poolSizes(run)).map((size) => 1 / size)), 0.03)
  },
})

/**
 * Three hops: the delay is a sum of three, and the watcher knows its law. What is measured is its surprise at the true sender, which equals
 * its uncertainty only if the delay really has that law.
 */
export const threeHops = (load: number, hops: readonly Delay[] = [UNIT, UNIT, UNIT]): Law => ({
  name: `privacy.three-hops.load-${load}`,
  source: 'log2 λ + differential entropy of an Erlang(3) delay',
  run: (random) => {
    const delay: Delay = (draws) => hops.reduce((sum, hop) => sum + hop(draws), 0)
    const run = runMix(random, { rate: load, messages: Math.round(800_000 / load), delay })
    const expected = Math.log2(load) + (3 + Math.log(2) - 2 * (1.5 - EULER)) / Math.LN2
    const known = { density: (age: number) => (age * age * Math.exp(-age)) / 2, ageMax: 25 }
    const surprises = run.departures.map((at, index) => {
      const { first, weights } = delayWeights(run.arrivals, at, known)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      return -Math.log2(Math.max(weights[(run.truth[index] ?? 0) - first] ?? 0, 1e-12) / total)
    })
    const measured = mean(settled(surprises))
    return within(expected, measured, [expected - 0.05, expected + 0.05])
  },
})

/** A batch sent out every T: a guess within the batch. */
export const timedBatch = (perBatch: number, drawn: typeof poisson = poisson): Law => ({
  name: `privacy.timed-batch.mean-${perBatch}`,
  source: 'per-message success at a timed batch: (1−e^−a)/a',
  run: (random) => {
    const sizes = Array.from({ length: 60_000 }, () => drawn(random, perBatch))
    const messages = sizes.reduce((sum, size) => sum + size, 0)
    const hits = sizes.filter((size) => size > 0).length
    return near((1 - Math.exp(-perBatch)) / perBatch, hits / messages, 0.02)
  },
})

/** A threshold pool mix: N in and N out a round, n kept. The round a message came in is all that its departure tells. */
export const poolMix = (flushed: number, kept: number, keptReally = kept): Law => ({
  name: `privacy.pool-mix.${flushed}-${kept}`,
  source: 'threshold pool mix: (1+n/N)·log2(N+n) − (n/N)·log2 n (Serjantov and Danezis 2002)',
  run: (random) => {
    const share = kept / flushed
    const expected = (1 + share) * Math.log2(flushed + kept) - share * Math.log2(kept)
    const measured = entropyBits(stayCounts(random, flushed, keptReally)) + Math.log2(flushed)
    return within(expected, measured, [expected - 0.03, expected + 0.03])
  },
})

function stayCounts(random: Random, flushed: number, kept: number): readonly number[] {
  const pool: number[] = []
  const stays: number[] = []
  const rounds = Math.ceil(300_000 / flushed)
  for (let round = 0; round < rounds; round++) {
    for (let count = 0; count < flushed; count++) pool.push(round)
    while (pool.length > kept) {
      const index = random.below(pool.length)
      const stay = round - (pool[index] ?? 0)
      pool[index] = pool[pool.length - 1] ?? 0
      pool.pop()
      if (round > rounds / 10) stays[stay] = (stays[stay] ?? 0) + 1
    }
  }
  return Array.from(stays, (count) => count ?? 0)
}

/** A label that shows on both sides costs its entropy: K equal TEEs, or size classes of unequal weight. */
export const partitionLaw = (name: string, weights: readonly number[], load: number): Law => ({
  name: `privacy.partition.${name}`,
  source: 'label C on both sides: log2(e·ρ) − H(C) bits',
  run: (random) => {
    const labels = weights.flatMap((weight, label) => Array.from({ length: weight }, () => String(label)))
    const total = labels.length
    const drawn = Array.from({ length: 40_000 }, () => labels[random.below(total)] ?? '')
    const classes = weights.map((weight, label) => {
      const run = runMix(random.fork(`class-${label}`), { rate: (load * weight) / total, messages: 15_000, delay: UNIT })
      return (weight / total) * mean(settled(mixEntropies(run)))
    })
    const expected = Math.log2(Math.E * load) - labelBits(drawn, (label) => label)
    const measured = classes.reduce((sum, bits) => sum + bits, 0)
    return within(expected, measured, [expected - 0.1, expected + 0.1])
  },
})

const EULER = 0.5772156649015329

export const mixLaws: readonly Law[] = [
  ...[2, 10, 50].flatMap((load) => [mixEntropy(load), mixHit(load)]),
  blending(2),
  blending(10),
  threeHops(10),
  threeHops(50),
  timedBatch(1),
  timedBatch(10),
  poolMix(10, 10),
  poolMix(20, 80),
  poolMix(100, 50),
  // A gateway that rotates keys has two for a while; two models, of which one is asked more.
  partitionLaw('two-keys', [1, 1], 20),
  partitionLaw('two-models', [7, 3], 20),
  partitionLaw('eight-equal', [1, 1, 1, 1, 1, 1, 1, 1], 80),
  partitionLaw('size-classes', [8, 4, 2, 1, 1], 80),
]
