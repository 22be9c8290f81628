const HALF_LOG_TWO_PI = Math.log(2 * Math.PI) / 2

/** −log₁₀ of the chance that a standard normal value exceeds z. Exact to about 1e-12, and finite for any finite z. */
export function negativeLogTail(z: number): number {
  if (z < 0) return -Math.log1p(-tailNear(-z)) / Math.LN10
  if (z < 2.5) return -Math.log(tailNear(z)) / Math.LN10
  return (z * z) / 2 / Math.LN10 + (HALF_LOG_TWO_PI + Math.log(fraction(z))) / Math.LN10
}

/** The smallest z whose tail is 10^−phi, by bisection. */
export function tailQuantile(phi: number): number {
  let low = -40
  let high = 40
  while (high - low > 1e-9) {
    const middle = (low + high) / 2
    if (negativeLogTail(middle) < phi) low = middle
    else high = middle
  }
  return high
}

/** Tail for 0 ≤ z < 2.5 and, by symmetry, beyond: ½ − density(z)·(z + z³/3 + z⁵/(3·5) + …). */
function tailNear(z: number): number {
  if (z >= 2.5) return Math.exp(-(z * z) / 2 - HALF_LOG_TWO_PI) / fraction(z)
  let term = z
  let sum = z
  for (let odd = 3; term > 1e-17 * sum; odd += 2) {
    term *= (z * z) / odd
    sum += term
  }
  return 0.5 - sum * Math.exp(-(z * z) / 2 - HALF_LOG_TWO_PI)
}

/** Laplace's continued fraction: density(z) / tail(z) = z + 1/(z + 2/(z + 3/…)). */
function fraction(z: number): number {
  let value = z
  for (let step = 80; step >= 1; step--) value = z + step / value
  return value
}
