import type { Millis, PeerId } from '@infermesh/kernel'
import type { DiskFaultSpec, LatencyRule, LineRate, LinkFaultSpec, RuleCounts } from '@infermesh/libp2p'

/** A wrong clock: a jump, and parts per million by which it then runs fast. */
export interface ClockRule {
  readonly offset: Millis
  readonly driftPpm: number
}

/** What a supervisor has done to one peer, or asks of it about what was done. Peers are named by their ids. Survives a structured clone. */
export type FaultOrder =
  /** A fault on all that the peer sends, until `heal` names the same id. */
  | { readonly type: 'rule'; readonly id: number; readonly label: string; readonly spec: LinkFaultSpec }
  | { readonly type: 'counts' | 'heal'; readonly id: number }
  | { readonly type: 'line'; readonly rate: LineRate }
  | { readonly type: 'latency'; readonly rule: LatencyRule | undefined }
  | { readonly type: 'clock'; readonly rule: ClockRule }
  | { readonly type: 'disk'; readonly fault: DiskFaultSpec | undefined }
  /** The process ends itself, as if killed, once the peer has performed so many more effects; undefined takes it back. */
  | { readonly type: 'doom'; readonly afterEffects: number | undefined }
  | { readonly type: 'prepare'; readonly to: PeerId }
  | { readonly type: 'probe'; readonly to: PeerId; readonly ids: readonly number[]; readonly bytes: number }
  /** Asks for the witness; with `fresh` it counts anew from now on. */
  | { readonly type: 'witness'; readonly fresh: boolean }

/** What a peer answers to an order that asks. */
export type FaultReport =
  | { readonly report: 'counts'; readonly counts: RuleCounts }
  | { readonly report: 'sent'; readonly at: number }
  | ({ readonly report: 'witness' } & Witness)

/** What clock and disk faults did to a peer, seen from where the machine meets the world. */
export interface Witness {
  /** Time that the machine was last handed, minus the true time. */
  readonly clockOffset: Millis
  /** When that was, in true time; -1 before it was watched. */
  readonly clockSeenAt: number
  readonly saves: number
  /** Shortest time that one save took; infinite without any. */
  readonly saveMsMin: number
}
