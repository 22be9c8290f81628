import { assert, type Random } from '@infermesh/kernel'

/** The way a link delays messages. `from` and `to` are peer indexes; the result is in ms and may be a fraction. */
export interface LinkModel {
  delay(from: number, to: number, random: Random): number
}

/** Every message takes `ms`. */
export const constantLatency = (ms: number): LinkModel => ({ delay: () => ms })

/** Each message draws its own delay, evenly between the bounds. */
export const uniformLatency = (min: number, max: number): LinkModel => ({
  delay: (_from, _to, random) => min + random.next() * (max - min),
})

export interface LognormalOptions {
  /** Half of all links are faster, in ms. */
  readonly median: number
  /** One link in a hundred is slower, in ms. */
  readonly p99: number
  /** A message's delay lies within this share of its link's own; 0.05 unless told. */
  readonly jitter?: number
  readonly seed: string | number
}

/**
 * Each pair of peers has its own delay, drawn from a lognormal distribution, and each message strays from it by the jitter.
 * The pair's draw is a hash of seed and pair, so nothing is stored for any link.
 */
export function lognormalLatency(options: LognormalOptions): LinkModel {
  const { median, p99, jitter = 0.05 } = options
  assert(median > 0 && p99 >= median, `expected 0 < median <= p99, got median ${median} and p99 ${p99}`)
  const sigma = Math.log(p99 / median) / normalQuantile(0.99)
  const basis = textHash(String(options.seed))
  return {
    delay(from, to, random) {
      const share = pairDraw(basis, Math.min(from, to), Math.max(from, to))
      return median * Math.exp(sigma * normalQuantile(share)) * (1 + (2 * random.next() - 1) * jitter)
    },
  }
}

/** Inverse of the normal distribution, absolute error below 4.5e-4 (Abramowitz and Stegun 26.2.23). */
export function normalQuantile(share: number): number {
  if (share > 0.5) return -normalQuantile(1 - share)
  const t = Math.sqrt(-2 * Math.log(share))
  const top = 2.515517 + t * (0.802853 + t * 0.010328)
  return top / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
}

/** A draw in (0, 1) that belongs to a pair. */
function pairDraw(basis: number, low: number, high: number): number {
  let mixed = Math.imul(basis ^ low, 0x9e3779b1) ^ Math.imul(high + 0x7f4a7c15, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return (((mixed ^ (mixed >>> 16)) >>> 0) + 0.5) / 4294967296
}

function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}
