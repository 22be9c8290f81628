import type { AnyEnvelope, AnyMessage, Input, Machine, Millis, PeerId, TraceRecord, WorldEvent } from '@infermesh/kernel'
import type { LineRate } from './bandwidth.ts'
import type { LocalAnswer } from './call.ts'
import type { ComputingOptions } from './computing.ts'
import type { DiskFaultSpec } from './disk.ts'
import type { GossipCounts } from './gossip-sender.ts'
import type { GossipSettings } from './gossip-settings.ts'
import type { LinkModel } from './latency.ts'
import type { LinkFilter, LinkRule, RuleHandle } from './link-rule.ts'
import type { PeerSpec } from './peer.ts'

export interface MessageWorldOptions<M extends AnyMessage, E extends AnyEnvelope> extends ComputingOptions {
  readonly seed: string | number
  readonly peers: readonly PeerSpec<M, E>[]
  /** 10 ms for every message unless told. */
  readonly latency?: LinkModel
  /** Lines with a rate; without it, size costs nothing. */
  readonly bandwidth?: { readonly rate: (peer: string) => LineRate; readonly queueBytes: number }
  /** Bytes on the wire. Unless told, a message counts 256 and an envelope its own bytes. */
  readonly sizeOf?: { readonly message: (message: M) => number; readonly envelope: (envelope: E) => number }
  readonly gossip?: Partial<GossipSettings>
  readonly keepAliveMs?: Millis
  readonly dialRoundTrips?: number
  readonly onRecord?: (record: TraceRecord) => void
  /** Without it no record is made and the trace's digest says nothing: to measure what tracing costs. On unless told. */
  readonly isTraced?: boolean
  /** Hears when each event is due: a clock that drives this world beside others runs it then. */
  readonly onScheduled?: (at: number) => void
  /** Tells how long gossip took, as `gossipDelivered` records. On unless told. */
  readonly traceGossip?: boolean
  /** Events at one instant after which the run stops as stuck. */
  readonly eventsPerInstantMax?: number
}

/** A call from outside the network. */
export interface LocalCall<M extends AnyMessage> {
  readonly stream: string
  readonly message: M
  /** Longest silence in ms; 30 s unless told. */
  readonly timeout?: Millis
}

/** Peers, links and time, all modelled. Nothing happens but in `run` and `step`. Peers are named as in the scenario. */
export interface MessageWorld<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope> {
  /** Whole ms since the run began. */
  now(): Millis
  /** Performs the next event; false when nothing is pending. */
  step(): boolean
  /** Performs all events up to and including this time, and moves to it. Returns early after `stop`. */
  run(until: Millis): void
  /** Makes `run` return after the event at hand. */
  stop(): void
  /** Calls back at a virtual time, as a driver of the run needs it. */
  at(when: Millis, action: () => void): void
  /** Starts one peer, or all that are down. A start after a crash is a restart and finds what was saved. */
  start(name?: string): void
  /** Asks a peer from outside the network, as its HTTP front door would. The result cancels the call. */
  ask(peer: string, call: LocalCall<M>, onAnswer: (answer: LocalAnswer<M>) => void): () => void
  /** Hands a peer's machine an input as if the world had made it. */
  inject(name: string, input: Input<M, E>): void
  crash(name: string, options?: CrashOptions): void
  restart(name: string, options?: { readonly wipe?: boolean }): void
  /** Stops a peer without ending it: sockets stay open, what arrives waits. */
  pause(name: string): void
  resume(name: string): void
  /** Jumps a peer's clock by `offset` ms and lets it gain `drift` (0.01 = 1 %). Its time still never goes back. */
  setClock(name: string, skew: { readonly offset: Millis; readonly drift?: number }): void
  /** Spoils or (`undefined`) mends a peer's disk. */
  setDisk(name: string, fault: DiskFaultSpec | undefined): void
  /** Makes a lossy disk keep what it holds. */
  syncDisk(name: string): void
  setLineRate(name: string, rate: LineRate): void
  /** `isMeant`: which messages the rule could act on, for its counts. */
  addRule(label: string, rule: LinkRule, isMeant?: LinkFilter): RuleHandle
  /** Separates groups; peers in none form one more. Messages are held (`jam`) or connections broken (`cut`). */
  partition(groups: readonly (readonly string[])[], mode?: 'jam' | 'cut'): RuleHandle
  /** Takes every rule away. */
  heal(): void
  /**
   * Sends a message of `bytes` (none unless told) over the links as they are now, and tells its delay in ms, or `undefined` when it
   * cannot arrive. The receiver's own line is not counted.
   */
  probe(from: string, to: string, onResult: (delayMs: number | undefined) => void, bytes?: number): void
  isUp(name: string): boolean
  /** The live machine of a peer, for tests. */
  machine(name: string): Machine<M, E> | undefined
  /** What a peer has saved, by key. */
  store(name: string): ReadonlyMap<string, Uint8Array>
  peerIdOf(name: string): PeerId
  /** Adds a record of the world's own to the trace. */
  record(event: WorldEvent): void
  gossipCounts(): Readonly<GossipCounts>
  /** Tells the gossip delays not yet told. Call it once at the end of a run. */
  flush(): void
  /** Digest of all records so far, 16 hex digits. */
  traceHash(): string
  /** Digest of every input that any machine got, with its time: finer than the trace. */
  inputHash(): string
  /** Events performed and pending. */
  load(): { readonly performed: number; readonly pending: number }
}

export interface CrashOptions {
  /** Crash only once the peer has performed so many more effects, which may cut a list of effects in two. */
  readonly afterEffects?: number
  readonly reason?: string
}
