import type { Millis } from '@infermesh/kernel'
import type { ObliviousGatewayConfig } from './oblivious/oblivious-config.ts'
import type { RoutingPolicy } from './routing.ts'

/** JSON-safe. */
export interface GatewayConfig {
  readonly policy?: RoutingPolicy
  /** Requests served at one time; more are refused. */
  readonly running?: number
  /** Ended requests whose answers are kept for a client that asks again. */
  readonly remembered?: number
  /** Models heard of. */
  readonly models?: number
  /** Longest silence of an operator before the attempt counts as failed. */
  readonly operatorSilence?: Millis
  /** After this long a load announcement says nothing any more. */
  readonly loadStaleAfter?: Millis
  /** A holder of a prompt's front that would take so many times as long as another operator is passed over. */
  readonly replicateAt?: number
  /** Retries that are allowed at once, and how many each new request adds. */
  readonly retries?: { readonly burst: number; readonly perRequest: number }
}

/** A gateway's whole configuration. Without `oblivious` it takes no sealed requests. */
export interface GatewayPeerConfig extends GatewayConfig {
  readonly oblivious?: ObliviousGatewayConfig
}

export const gatewayDefaults = {
  policy: 'power-of-two',
  running: 1024,
  remembered: 256,
  models: 4096,
  operatorSilence: 6_000,
  loadStaleAfter: 5_000,
  replicateAt: 1.5,
  retries: { burst: 100, perRequest: 0.1 },
} as const satisfies Required<GatewayConfig>
