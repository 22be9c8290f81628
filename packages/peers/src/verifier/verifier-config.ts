import type { Millis } from '@infermesh/kernel'
import type { SpeedProfile } from '@infermesh/serving'

/** JSON-safe. */
export interface VerifierConfig {
  /** How fast this verifier reads and makes tokens, and how many receipts it looks at side by side. */
  readonly profile: SpeedProfile
  /** Receipts that wait to be looked at; more are dropped, and other verifiers get the seat. */
  readonly backlogMax?: number
  /** `lazy` says match and `accuse` says mismatch, both without work; `silent` works and commits, but never reveals. */
  readonly conduct?: 'honest' | 'lazy' | 'accuse' | 'silent'
  /** How often a settler is asked for blocks that gossip did not bring. */
  readonly pollEvery?: Millis
  /** How often what the log does not show yet is said again. */
  readonly againEvery?: Millis
  /** Longest wait for an operator to show its work. */
  readonly workWithin?: Millis
  /** Largest weights that are fetched. */
  readonly blobBytesMax?: number
}

export const verifierDefaults = {
  backlogMax: 256,
  conduct: 'honest',
  pollEvery: 5_000,
  againEvery: 1_000,
  workWithin: 1_000,
  blobBytesMax: 256 * 1024 * 1024,
} as const satisfies Partial<VerifierConfig>
