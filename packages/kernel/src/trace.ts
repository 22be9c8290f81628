import type { TraceEvent } from './machine.ts'
import type { Millis } from './units.ts'

/**
 * One line of a run's trace, in one schema from all worlds. `at` is milliseconds since the run began,
 * `peer` the peer's name in the scenario (`owner-0`), or `world` for what the world itself did.
 */
export interface TraceRecord<T extends TraceEvent = TraceEvent> {
  readonly seq: number
  readonly at: Millis
  readonly peer: string
  readonly event: T
}

export const WORLD = 'world'

/** Stands in a trace's first record. It rises whenever records, or the statements in them, change so that an older reader would be misled. */
export const TRACE_FORMAT = 3

/** What every world says of itself, whatever the peers do. */
export type WorldEvent =
  | { readonly type: 'runStarted'; readonly format: number; readonly scenario: string; readonly world: string; readonly seed: number }
  | { readonly type: 'peerStarted'; readonly name: string; readonly peerId: string; readonly role: string; readonly restarted: boolean }
  | { readonly type: 'peerCrashed'; readonly name: string; readonly reason: string }
  | { readonly type: 'peerStopped'; readonly name: string }
  | { readonly type: 'meshReady'; readonly peers: number }
  | { readonly type: 'faultApplied'; readonly fault: string; readonly target: string; readonly measured: Readonly<Record<string, number>> }
  | {
      readonly type: 'faultHealed'
      readonly fault: string
      readonly target: string
      /** What the fault did while it lasted, as far as the world counted it. */
      readonly measured?: Readonly<Record<string, number>>
    }
  | { readonly type: 'gossipDelivered'; readonly topic: string; readonly delaysMs: readonly number[] }
  | { readonly type: 'dropped'; readonly queue: string; readonly count: number }
  | {
      /** Between peers on libp2p and those that are messages, over the whole run. */
      readonly type: 'borderCrossed'
      readonly requestsIn: number
      readonly requestsOut: number
      readonly gossipIn: number
      readonly gossipOut: number
      readonly duplicates: number
    }
  | { readonly type: 'runEnded' }
