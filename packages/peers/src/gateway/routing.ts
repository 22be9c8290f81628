import { assert, assertNever, type PeerId, type Random } from '@infermesh/kernel'

/**
 * How a gateway picks one of several operators. `power-of-two`: the less loaded of two drawn ones. `sticky`: the same client goes
 * to the same operator, and only a lost operator's clients move (highest random weight).
 * `prefix`: where the prompt's front is in memory already.
 */
export type RoutingPolicy = 'power-of-two' | 'least-loaded' | 'uniform' | 'sticky' | 'prefix'

export interface Candidate {
  readonly peer: PeerId
  /** Requests at the operator for each of its slots, as far as this gateway can tell. */
  readonly load: number
}

export interface RoutingChoice {
  readonly policy: RoutingPolicy
  readonly random: Random
  /** Orders operators for one client; equal inputs give equal weights. */
  readonly weigh: (peer: PeerId) => string
}

/** Picks from at least one candidate. Ties go to the one drawn or listed first. */
export function pick(candidates: readonly Candidate[], { policy, random, weigh }: RoutingChoice): PeerId {
  assert(candidates.length > 0, 'there is nothing to pick from')
  switch (policy) {
    case 'uniform':
      return at(candidates, random.below(candidates.length)).peer
    case 'power-of-two':
    // What is known of memory was asked before; where nothing is, load decides.
    case 'prefix':
      return lessLoaded(drawTwo(candidates, random)).peer
    case 'least-loaded':
      return lessLoaded(rotated(candidates, random.below(candidates.length))).peer
    case 'sticky':
      return heaviest(candidates, weigh)
    default:
      return assertNever(policy)
  }
}

function drawTwo(candidates: readonly Candidate[], random: Random): readonly Candidate[] {
  const first = random.below(candidates.length)
  if (candidates.length === 1) return [at(candidates, first)]
  const step = 1 + random.below(candidates.length - 1)
  return [at(candidates, first), at(candidates, (first + step) % candidates.length)]
}

const lessLoaded = (candidates: readonly Candidate[]): Candidate =>
  candidates.reduce((best, candidate) => (candidate.load < best.load ? candidate : best))

/** So that equally idle operators share, instead of the first one getting all. */
const rotated = (candidates: readonly Candidate[], by: number): readonly Candidate[] => [
  ...candidates.slice(by),
  ...candidates.slice(0, by),
]

function heaviest(candidates: readonly Candidate[], weigh: (peer: PeerId) => string): PeerId {
  const weighed = candidates.map(({ peer }) => ({ peer, weight: weigh(peer) }))
  return weighed.reduce((best, other) => (other.weight > best.weight ? other : best)).peer
}

function at(candidates: readonly Candidate[], index: number): Candidate {
  const candidate = candidates[index]
  assert(candidate !== undefined, `no candidate ${index} of ${candidates.length}`)
  return candidate
}
