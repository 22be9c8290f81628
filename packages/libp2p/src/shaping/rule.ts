import type { Millis } from '@infermesh/kernel'

/**
 * What is done to everything this host sends to one peer. Rules are plain data, so that they can cross a control channel.
 * Order on one stream is kept whatever the delays.
 */
export interface ShapeRule {
  /** Log-normal one-way delay; without `p99` every frame takes exactly the median. */
  readonly delay?: { readonly median: Millis; readonly p99?: Millis }
  /** Further delay, uniform in [0, jitter]. */
  readonly jitter?: Millis
  readonly loss?: LossRule
  /** Gossip only: the chance that a message is sent twice. */
  readonly duplicate?: number
  /** Gossip only: the chance that a message is held back for `by`, while later ones overtake it. */
  readonly reorder?: { readonly rate: number; readonly by: Millis }
  /** Bytes a second. What waits longer than the host's outgoing bound is refused as overflow. */
  readonly bandwidth?: number
  readonly gate?: Gate
}

/** Chance of losing a message, and how many are lost in a row on average (Gilbert-Elliott; 1 when absent: independent). */
export interface LossRule {
  readonly rate: number
  readonly burst?: number
  /** What a loss costs on a stream, where nothing is lost but time. Default 200 ms, TCP's least retransmission time-out. */
  readonly retransmit?: Millis
}

/** `jammed` holds what is sent with the connection open; `stopped` resets the connection and refuses new ones both ways. */
export type Gate = 'open' | 'jammed' | 'stopped'

/** Counted since the rule was set. The means are over what was let through. */
export interface ShapeReport {
  readonly sent: number
  /** Gossip dropped, and stream frames that paid for a retransmission. */
  readonly lost: number
  /** Gossip messages. */
  readonly duplicated?: number
  readonly reordered?: number
  readonly askedMsMean: number
  readonly achievedMsMean: number
}
