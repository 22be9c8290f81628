import type { Amount, Millis } from '@infermesh/kernel'

/** JSON-safe. */
export interface IssuerConfig {
  /** Coins that a token costs, and that it is worth to the gateway that brings it. */
  readonly worth?: Amount
  /** How long the key is in use, and how often it is told. */
  readonly keyLife?: Millis
  readonly announceEvery?: Millis
  /** Orders that wait for the log; more are refused. */
  readonly ordersMax?: number
  /** Gateways are paid this often, each one sum. */
  readonly payoutEvery?: Millis
  /** How often settlers are asked for blocks, and brought what the log does not show yet. */
  readonly againEvery?: Millis
}

export const issuerDefaults = {
  worth: 1_000,
  keyLife: 3_600_000,
  announceEvery: 10_000,
  ordersMax: 20_000,
  payoutEvery: 10_000,
  againEvery: 2_000,
} as const satisfies Required<IssuerConfig>
