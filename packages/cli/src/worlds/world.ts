import type { Cryptography, Millis } from '@infermesh/kernel'
import type { Action, NetworkRecord, RunCheck, RunObserver, Scenario } from '@infermesh/scenario'
import type { NetworkPlan } from '../network/network-plan.ts'
import type { PeerState } from '../replay/peer-states.ts'
import type { Alteration, Told } from './virtual-network.ts'

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
  /** Asked once a slice of time, in `stack`: true ends the run there. */
  readonly isOver?: () => boolean
  /** In `stack`, whose peers live in another thread: the run ends here, and every peer is asked what it is. */
  readonly stopAt?: Millis
  /** In virtual time. */
  readonly told?: Told
  /** Tests plant bugs with it, in `message` only. */
  readonly alter?: Alteration
}

export interface WorldEnd {
  readonly virtualMs: Millis
  readonly traceHash?: string
  /** The settlers' log, in order: hex of whole envelopes, by checkpoint. */
  readonly log: FinalLog
  readonly further: readonly RunCheck[]
  /** Where they were asked for. */
  readonly states?: readonly PeerState[]
  /** What the log's signatures are checked with: the real curves unless told. */
  readonly crypto?: Cryptography
}

/** What one settler answers at the end of a run: every checkpoint, and every entry that they order, as they were signed. */
export interface FinalLog {
  readonly checkpoints: readonly Uint8Array[]
  readonly entries: readonly Uint8Array[]
}

export type World = (order: RunOrder) => Promise<WorldEnd>

/** The run was ended from outside, by a signal. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted'
}
