import type { Amount, Millis, PeerId } from '@infermesh/kernel'
import type { PaddingPolicy } from '@infermesh/protocol/oblivious'

/** JSON-safe. */
export interface ObliviousClientConfig {
  readonly relays: readonly PeerId[]
  /** SHA-256 of the gateway code that is trusted with a seal's keys. */
  readonly measurement: string
  readonly padding?: PaddingPolicy
  /** Whether prompts are salted, so that their hashes in receipts can't be guessed. */
  readonly salted?: boolean
  /** Blind tokens bought in lots; without it the relay pays, and charges the client's account. */
  readonly tokens?: TokenTerms
  /** `uniform`: drawn anew for each request. `sticky`: drawn once, and kept while it works. */
  readonly relayChoice?: Choice
  readonly gatewayChoice?: Choice
  readonly cover?: Cover
}

/**
 * Requests for nothing, `rate` a second at random times. `additive`: on top of the real ones. `substituting`: a request leaves only when the
 * time for one of them has come, and in its place, so that how many leave never depends on how many are asked.
 */
export type Cover = { readonly kind: 'none' } | { readonly kind: 'additive' | 'substituting'; readonly rate: number }

export type Choice = 'uniform' | 'sticky'

export interface TokenTerms {
  /** Tokens bought at one time, for one gateway. */
  readonly lot: number
  /** Answer tokens, and prompt tokens, that one token pays for: what shows to the gateway is a class. */
  readonly answerTokens: number
  readonly promptTokens: number
  /** Coins that a token is worth, until the issuer's key says it. */
  readonly worth: Amount
}

export const obliviousClientDefaults = {
  padding: { kind: 'none' },
  salted: false,
  relayChoice: 'uniform',
  gatewayChoice: 'uniform',
  cover: { kind: 'none' },
} as const satisfies Partial<ObliviousClientConfig>

export type ObliviousSettings = ObliviousClientConfig & Required<Pick<ObliviousClientConfig, keyof typeof obliviousClientDefaults>>

/** Keys and lots are asked for again after this long without an answer. */
export const ASK_AGAIN: Millis = 1_000
/** While nothing is missing. */
export const LOOK_AGAIN: Millis = 20_000
