import type { Random } from '@infermesh/kernel'

/** Standard normal, by Box and Muller. */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()))
  return radius * Math.cos(2 * Math.PI * random.next())
}

export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random.next())

export const lognormal = (random: Random, median: number, sigma: number): number => median * Math.exp(sigma * normal(random))

/** Gamma with the given mean and coefficient of variation (Marsaglia and Tsang 2000, boosted below shape 1). */
export function gamma(random: Random, mean: number, variation: number): number {
  const shape = 1 / (variation * variation)
  const boost = shape < 1 ? Math.exp(Math.log(1 - random.next()) / shape) : 1
  const base = (shape < 1 ? shape + 1 : shape) - 1 / 3
  const spread = 1 / Math.sqrt(9 * base)
  for (;;) {
    const step = normal(random)
    const grown = 1 + spread * step
    if (grown <= 0) continue
    const cube = grown * grown * grown
    if (Math.log(1 - random.next()) < 0.5 * step * step + base - base * cube + base * Math.log(cube))
      return (base * cube * boost * mean) / shape
  }
}

/** z of the 99th percentile of a standard normal. */
export const Z99 = 2.326347874
