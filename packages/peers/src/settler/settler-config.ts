import type { Millis, PeerId } from '@infermesh/kernel'

/** JSON-safe. */
export interface SettlerConfig {
  /** Entries that wait for a block; more are dropped and must be published again. */
  readonly mempool?: number
  /** An entry that waits this long for what it depends on is dropped. */
  readonly waitMax?: Millis
  /** Silence after which the next settler publishes a checkpoint that nobody else has. */
  readonly announceAfter?: Millis
  /** A dishonest settler leaves receipts of these operators out of its blocks. */
  readonly censors?: readonly PeerId[]
}

export const settlerDefaults = { mempool: 8192, waitMax: 120_000, announceAfter: 300, censors: [] } as const satisfies SettlerConfig
