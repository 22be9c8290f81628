import type { Millis } from '@infermesh/kernel'
import { DEFAULT_BUCKETS, type PaddingPolicy } from '@infermesh/protocol/oblivious'

/**
 * How an answer leaves. `events`: each piece as it comes. `whole`: all of it at its end, padded. `slots`: pieces of one size at a fixed pace,
 * until one of the rising numbers of slots in `classes` is full, whatever the answer does.
 */
export type Pacing =
  | { readonly kind: 'events' }
  | { readonly kind: 'whole'; readonly padding: PaddingPolicy }
  | { readonly kind: 'slots'; readonly bytes: number; readonly every: Millis; readonly classes: readonly number[] }

/** JSON-safe. */
export interface ObliviousGatewayConfig {
  /** SHA-256 of the code that the platform attests. */
  readonly measurement: string
  readonly answers?: Pacing
  /** `account`: the relay owes the exact cost, and is told it in the open. `tokens`: blind tokens inside the seal. */
  readonly payment?: 'account' | 'tokens'
  /** How long clients are told of a key, and how much longer it opens what was sealed to it. */
  readonly keyLife?: Millis
  readonly keyOverlap?: Millis
  readonly announceEvery?: Millis
  /** How far a request's date may lie from this clock; requests are remembered as long. */
  readonly dateWindow?: Millis
  readonly replaysMax?: number
  /** Sealed requests answered at one time. */
  readonly running?: number
  /** Spent tokens go to the issuer this often. */
  readonly depositEvery?: Millis
}

export const obliviousDefaults = {
  answers: { kind: 'events' },
  payment: 'account',
  keyLife: 600_000,
  keyOverlap: 120_000,
  announceEvery: 5_000,
  dateWindow: 60_000,
  replaysMax: 100_000,
  running: 1024,
  depositEvery: 10_000,
} as const satisfies Partial<ObliviousGatewayConfig>

/** Of answers that can't be cut into slots. */
export const wholePadding: PaddingPolicy = DEFAULT_BUCKETS
