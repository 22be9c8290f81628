import type {
  AnyMessage,
  Codec,
  Effect,
  Input,
  Job,
  JobResult,
  Machine,
  Millis,
  PeerId,
  PeerIdentity,
  Random,
  TraceEvent,
} from '@infermesh/kernel'
import type { identify } from '@libp2p/identify'
import type { ComponentLogger } from '@libp2p/interface'
import type { Libp2pInit } from 'libp2p'
import type { HostLimits } from './host-limits.ts'
import type { LinkControl, TrueTime } from './shaping/link-control.ts'
import type { Store } from './store/store.ts'

/** All that a host is told about the world it runs in. Nothing in the host knows which world that is. */
export interface HostOptions {
  /** The peer's name in the scenario, for errors. */
  readonly name: string
  readonly identity: PeerIdentity
  readonly codec: Codec
  readonly createMachine: () => Machine
  readonly store: Store
  /** Milliseconds since the run's epoch; never goes back. */
  readonly now: () => Millis
  /** For reconnection and shaping only; the machine has its own. */
  readonly random: Random
  /** Events of the machine, and the host's own `gossipDelivered` and `dropped`. The caller adds the time and the name. */
  readonly emit: (event: TraceEvent) => void
  readonly compute: Compute
  /** `tcpLink()` in processes. */
  readonly link: Link
  /** Multiaddrs, such as `/ip4/127.0.0.1/tcp/0`. */
  readonly listen: readonly string[]
  /** Finds the addresses of peers that the host was told nothing about by `know`. */
  readonly lookUp?: (peer: PeerId) => readonly string[]
  /** Every stream name and topic that the machine may use. Others are refused as a bug of ours. */
  readonly streams: readonly string[]
  readonly topics: readonly string[]
  /** The host has stopped itself: the machine threw, or the store failed. `input` is what it was working on. */
  readonly onFatal: (error: Error, input: Input | undefined) => void
  readonly timers?: Timers
  /** For the links; the peer's own clock, which a fault may set wrong, when absent. */
  readonly trueTime?: TrueTime
  readonly limits?: Partial<HostLimits>
  readonly gossip?: Partial<GossipOptions>
  /** For libp2p's own log; silent when absent. */
  readonly logger?: ComponentLogger
  /** Called before each effect is performed: where a crash sweep kills the process. */
  readonly beforeEffect?: (effect: Effect) => void
  /** Does an effect in the host's place: true when nothing is left to do. It is asked when the effect's turn comes. */
  readonly detour?: (effect: Effect) => boolean
  /** A probe came in, at this time. */
  readonly onProbe?: (id: number, at: number) => void
  /** This host's mesh of a topic gained or lost a peer. */
  readonly onMesh?: (topic: string, peers: readonly PeerId[]) => void
}

/** How bytes get from host to host. */
export interface Link extends Required<Pick<Libp2pInit, 'transports' | 'connectionEncrypters' | 'streamMuxers'>> {
  /** The service by which the two ends of a connection learn what the other speaks; libp2p's own when absent. */
  readonly identify?: (components: IdentifyComponents) => unknown
}

type IdentifyComponents = Parameters<ReturnType<typeof identify>>[0]

/** Yields any number of steps, the last one with `last`. Ending early or throwing is handed to the machine as a failed result. */
export type Compute = (job: Job, signal: AbortSignal) => AsyncIterable<ComputeStep>

export interface ComputeStep {
  readonly result: JobResult
  readonly last: boolean
}

/** The clock's other half: fires `callback` after a while, and returns what unsets it. */
export interface Timers {
  after(delay: Millis, callback: () => void): () => void
}

export interface GossipOptions {
  /** Mesh degree, its lower and its upper bound. Where fewer peers than `degree` know a topic, all of them are taken. */
  readonly degree: number
  readonly degreeLow: number
  readonly degreeHigh: number
  readonly heartbeat: Millis
  /** An envelope that comes again within this time is an echo; later it is news, and passed on again. */
  readonly seenFor: Millis
  /** Send what this host publishes to every subscriber it is connected to, not to the mesh only. */
  readonly floodPublish: boolean
  /** Report `gossipDelivered` once a second for envelopes with a numeric `at`, those said anew excepted. */
  readonly reportDelays: boolean
}

/** One peer's life on libp2p, from `start` to `stop` or a fatal error. A restarted peer is a new host. */
export interface Host {
  /** Loads the store, listens, and hands the machine `started`. */
  start(): Promise<void>
  /** Multiaddrs that end in this peer's id; empty before `start`. */
  addresses(): readonly string[]
  /** Where a peer can be reached. Replaces what was known before; dials nothing. */
  know(peer: PeerId, addresses: readonly string[]): void
  /** Connects, and keeps connected until `release`. Rejects when the first try fails, and goes on trying all the same. */
  dial(peer: PeerId): Promise<void>
  /** No longer keeps the connection to a peer, and closes it. */
  release(peer: PeerId): Promise<void>
  connections(): readonly PeerId[]
  meshPeers(topic: string): readonly PeerId[]
  /** Gossipsub's score of a peer; 0 for one it doesn't know. */
  gossipScore(peer: PeerId): number
  /** Hands the machine an input as if the world had made it. */
  inject(input: Input): void
  /** Takes gossip that came by another way than a connection, as if `from` had sent it. */
  hear(from: PeerId, topic: string, bytes: Uint8Array): void
  /** Asks this host's own machine, as a peer would. Leaving the loop early cancels the request. Throws `AskFailed`. */
  ask(stream: string, message: AnyMessage, options?: AskOptions): AsyncIterableIterator<AnyMessage>
  /** What happens to what this host sends and takes in, and the probes that measure it. */
  readonly links: LinkControl
  stats(): HostStats
  /** Closes connections and the store. Nothing reaches the machine afterwards. */
  stop(): Promise<void>
}

export interface AskOptions {
  /** Whom the machine sees as the asker; this peer itself when absent. */
  readonly from?: PeerId
  /** Longest silence. Unlimited when absent. */
  readonly timeout?: Millis
}

/** The machine gave no (further) answer to a local request. */
export class AskFailed extends Error {
  override readonly name = 'AskFailed'
  readonly code: 'timeout' | 'overflow' | 'stopped'

  constructor(code: AskFailed['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Counted since start, except where it says now. */
export interface HostStats {
  readonly inputs: number
  readonly effects: number
  readonly framesSent: number
  readonly framesReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly gossipPublished: number
  readonly gossipDelivered: number
  readonly gossipRejected: number
  readonly dropped: Readonly<Record<string, number>>
  /** Open now: calls this machine made, requests it has yet to answer, connections, bytes waiting to be sent. */
  readonly callsOpen: number
  readonly requestsOpen: number
  readonly connections: number
  readonly bytesQueued: number
}
