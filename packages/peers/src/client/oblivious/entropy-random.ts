import type { Random } from '@infermesh/kernel'
import { uniformOf } from '../../relay/draws.ts'

/** Draws from fresh secret bytes, for choices that nobody may foresee. */
export function randomOf(entropy: (length: number) => Uint8Array): Random {
  const random: Random = {
    next: () => uniformOf(entropy),
    below: (bound) => Math.floor(uniformOf(entropy) * bound),
    fork: () => random,
  }
  return random
}
