import type { Amount, Millis, PeerId } from '@infermesh/kernel'
import type { ObliviousClientConfig } from './oblivious/oblivious-config.ts'

/** JSON-safe. */
export interface ClientConfig {
  /** Gateways that may be used. The first is drawn, the others follow in this order. */
  readonly gateways: readonly PeerId[]
  /** Most that is signed for a request while the model's price is not known, in coins. */
  readonly maxCharge?: Amount
  /** Time for an answer when the caller gives none. */
  readonly deadline?: Millis
  /** Gateways tried for one request, the same one counted again. */
  readonly attempts?: number
  /** Requests at one time. */
  readonly running?: number
  /** Longest silence of a gateway before it counts as lost. */
  readonly gatewaySilence?: Millis
  /** First wait when all gateways have failed; it doubles. */
  readonly retryAfter?: Millis
}

/** A client's whole configuration. With `oblivious` all its requests go sealed, and none to a gateway directly. */
export interface ClientPeerConfig extends ClientConfig {
  readonly oblivious?: ObliviousClientConfig
}

export const clientDefaults = {
  maxCharge: 1_000_000,
  deadline: 60_000,
  attempts: 8,
  running: 1024,
  gatewaySilence: 6_000,
  retryAfter: 250,
} as const satisfies Partial<ClientConfig>
