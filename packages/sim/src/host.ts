import type { AnyEnvelope, AnyMessage, GossipVerdict, Input, PeerId, TraceEvent } from '@infermesh/kernel'
import type { EventQueue } from './event-queue.ts'
import type { Peer } from './peer.ts'

/** What the parts of a world share. */
export interface Host<M extends AnyMessage, E extends AnyEnvelope> {
  readonly queue: EventQueue
  readonly peers: readonly Peer<M, E>[]
  readonly peersById: ReadonlyMap<PeerId, Peer<M, E>>
  /** True virtual time in ms, on the queue's grid. */
  readonly now: number
  /** Hands an input to a peer's machine, or keeps it while the peer is blocked. A dead peer gets nothing. */
  deliver(peer: Peer<M, E>, input: Input<M, E>): void
  /** Asks a peer's machine what to do with an envelope. */
  judge(peer: Peer<M, E>, topic: string, envelope: E): GossipVerdict
  record(peer: string, event: TraceEvent): void
}
