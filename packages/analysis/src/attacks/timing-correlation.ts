/** What a watcher of a relay's two sides writes down: instants of messages in and of messages out, each in rising order. */
export interface RelayTimes {
  readonly arrivals: readonly number[]
  readonly departures: readonly number[]
}

/**
 * How unsure the watcher is of each departure's sender, in bits, at a mix that picks uniformly from its pool (and so at one with
 * exponential delays). Each arrival weighs 1; a departure from a pool of n takes 1/n of every weight. The weights add up to the pool size,
 * which leaves one sum to keep.
 */
export function mixEntropies({ arrivals, departures }: RelayTimes): readonly number[] {
  let pool = 0
  let next = 0
  /** Σ x·log2 x over all weights. */
  let sum = 0
  return departures.map((at) => {
    for (; next < arrivals.length && (arrivals[next] ?? 0) <= at; next++) pool += 1
    const bits = pool > 0 ? Math.log2(pool) - sum / pool : 0
    const kept = pool > 0 ? 1 - 1 / pool : 0
    sum = kept > 0 ? kept * sum + kept * Math.log2(kept) * pool : 0
    pool = Math.max(0, pool - 1)
    return bits
  })
}

/** The best single guess at such a mix: the newest arrival. Gives, for each departure, the index of the arrival guessed, or −1. */
export function newestArrivals({ arrivals, departures }: RelayTimes): readonly number[] {
  let next = 0
  return departures.map((at) => {
    while (next < arrivals.length && (arrivals[next] ?? 0) <= at) next += 1
    return next - 1
  })
}

export interface KnownDelay {
  density(age: number): number
  /** Ages above this are left out. */
  readonly ageMax: number
}

/**
 * What a watcher who knows the law of the delay thinks of one departure: every arrival weighs the density at its age. Arrival
 * `first + index` has the weight at `index`.
 */
export function delayWeights(
  arrivals: readonly number[],
  departure: number,
  delay: KnownDelay,
): { readonly first: number; readonly weights: readonly number[] } {
  const first = firstAfter(arrivals, departure - delay.ageMax)
  const weights: number[] = []
  for (let index = first; index < arrivals.length && (arrivals[index] ?? 0) <= departure; index++) {
    weights.push(delay.density(departure - (arrivals[index] ?? 0)))
  }
  return { first, weights }
}

/** Index of the first instant that is not before `at`, by halving. */
function firstAfter(instants: readonly number[], at: number): number {
  let [low, high] = [0, instants.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((instants[middle] ?? 0) < at) low = middle + 1
    else high = middle
  }
  return low
}
