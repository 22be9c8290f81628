import type { Millis } from '@infermesh/kernel'
import type { Action, NetworkRecord, RunCheck, RunObserver, Scenario } from '@infermesh/scenario'
import type { NetworkPlan } from '../network/network-plan.ts'

/** What a world needs for one run. It tells `onRecord` everything, in order, and returns when the run is over. */
export interface RunOrder {
  readonly scenario: Scenario
  readonly plan: NetworkPlan
  readonly timeline: readonly Action[]
  /** Latest end of the run. */
  readonly end: Millis
  readonly observer: RunObserver
  readonly onRecord: (record: NetworkRecord) => void
  readonly say: (text: string) => void
  /** For files that the world itself writes: logs, stores. */
  readonly folder: string
  readonly signal: AbortSignal
}

export interface WorldEnd {
  readonly virtualMs: Millis
  readonly traceHash?: string
  /** The settlers' log, in order: hex of whole envelopes, by checkpoint. */
  readonly log: FinalLog
  readonly further: readonly RunCheck[]
}

/** What one settler answers at the end of a run: every checkpoint, and every entry that they order. */
export interface FinalLog {
  readonly checkpoints: readonly string[]
  readonly entries: readonly string[]
}

export type World = (order: RunOrder) => Promise<WorldEnd>

/** The run was ended from outside, by a signal. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted'
}
