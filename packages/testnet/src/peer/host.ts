import type { AnyMessage, Millis, PeerId, TraceEvent } from '@infermesh/kernel'
import type { FaultOrder, FaultReport } from './fault-order.ts'

/** What one peer needs to start. It crosses the process boundary, so everything in it survives a structured clone. */
export interface BootPeer {
  readonly name: string
  readonly role: string
  /** Ed25519 seed, 32 bytes. The same seed is the same peer, so a restart keeps its identity. */
  readonly identitySeed: Uint8Array
  /** The caller's own; this package never looks inside. */
  readonly config: Readonly<Record<string, unknown>>
  /** Unix time of the run's start. */
  readonly epoch: Millis
  /** File that outlives the process. */
  readonly store: string
  /** Multiaddr, normally `/ip4/127.0.0.1/tcp/0`. */
  readonly listen: string
  /** 0 at first, one more at each restart. */
  readonly generation: number
  /** What is done to it before it starts: faults that outlive its process. */
  readonly conditions: readonly FaultOrder[]
}

/** Where a peer can be reached. */
export interface PeerAddress {
  readonly peerId: PeerId
  readonly addresses: readonly string[]
}

/** Who a peer is connected with, and how many mesh neighbours it has in each topic it subscribes to. */
export interface MeshState {
  readonly connections: readonly PeerId[]
  readonly topics: Readonly<Record<string, number>>
}

/** A message to a peer's own machine, as if another peer had sent it on `stream`. */
export interface Ask {
  readonly stream: string
  readonly message: AnyMessage
  /** Longest silence between answers; unlimited when absent. */
  readonly timeout?: Millis
}

/** The process as its host sees it. */
export interface PeerContext {
  /** Milliseconds since the run began, with their fraction; all processes of the run agree. */
  now(): number
  onTrace(event: TraceEvent): void
  onMesh(state: MeshState): void
  /** A probe came in, at this time. */
  onProbe(id: number, at: number): void
  /** The peer can't go on: the process ends and the supervisor is told why. */
  onFatal(error: unknown): void
}

/** One running peer. The process runtime drives it; libp2p implements it. */
export interface PeerHost {
  readonly peerId: PeerId
  addresses(): readonly string[]
  know(peer: PeerId, addresses: readonly string[]): void
  /** Connects and keeps connected. A failed first try is no error: the host goes on trying. */
  dial(peer: PeerId): void
  ask(ask: Ask): AsyncIterator<AnyMessage>
  fault(order: FaultOrder): Promise<FaultReport | undefined>
  /** Counters of the host, by dotted name. */
  stats(): Readonly<Record<string, number>>
  stop(): Promise<void>
}

export type StartHost = (boot: BootPeer, context: PeerContext) => Promise<PeerHost>
