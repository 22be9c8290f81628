import type { Random } from '@infermesh/kernel'

/** Exponential with mean 1/rate. */
export const exponential = (random: Random, rate: number): number => -Math.log(1 - random.next()) / rate

/** Standard normal (Box and Muller 1958). */
export const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())

/** Poisson, by adding up probabilities outward from the most likely count: √mean steps, and exact but for rounding. */
export function poisson(random: Random, mean: number): number {
  const mode = Math.floor(mean)
  const top = Math.exp(mode * Math.log(mean) - mean - logFactorial(mode))
  let left = random.next() - top
  let [above, below] = [top, top]
  for (let step = 1; left > 0; step++) {
    above *= mean / (mode + step)
    left -= above
    if (left <= 0) return mode + step
    if (step > mode) {
      if (above < 1e-18) return mode
      continue
    }
    below *= (mode - step + 1) / mean
    left -= below
    if (left <= 0) return mode - step
  }
  return mode
}

/** ln n!, by Stirling's series from 10 on. */
function logFactorial(count: number): number {
  if (count < 10) return count < 2 ? 0 : Math.log(count) + logFactorial(count - 1)
  const value = count + 1
  return (value - 0.5) * Math.log(value) - value + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * value) - 1 / (360 * value * value * value)
}

/** Standard normal distribution function (Abramowitz and Stegun 7.1.26; error below 1e-7). */
export function normalBelow(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-x * x)
  return z >= 0 ? 1 - tail / 2 : tail / 2
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
