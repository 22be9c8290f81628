import type { AnyMessage, Millis, PeerId, TraceRecord, WorldEvent } from '@infermesh/kernel'
import type { CrashOptions, DiskFaultSpec, LineRate, LinkModel, LinkRule, LocalAnswer, LocalCall, RuleHandle } from '@infermesh/sim'
import type { GossipOptions, Host } from '../host-options.ts'
import type { Wire } from './link/virtual-transport.ts'
import type { WorkOptions } from './modelled-work.ts'
import type { StackPeer } from './stack-peer.ts'

export interface StackWorldOptions extends WorkOptions {
  /** The same one that `runInWorker` was given, or the run's own part of it. */
  readonly seed: string | number
  readonly peers: readonly StackPeer[]
  /** 10 ms for every frame unless told. */
  readonly latency?: LinkModel
  /** Lines with a rate; without it, size costs nothing. */
  readonly bandwidth?: { readonly rate: (peer: string) => LineRate; readonly queueBytes: number }
  /** Silence after which a connection that a fault holds up counts as broken; 30 s unless told. */
  readonly keepAliveMs?: Millis
  /** Round trips before a new connection carries anything; 1 unless told. */
  readonly dialRoundTrips?: number
  /** `plain` unless told. */
  readonly wire?: Wire
  /** For every peer; a peer's own options go before. */
  readonly gossip?: Partial<GossipOptions>
  readonly onRecord?: (record: TraceRecord) => void
  /** Events at one instant after which the run stops as stuck. */
  readonly eventsPerInstantMax?: number
}

/**
 * Peers on the real libp2p and gossipsub, in virtual time. Mirrors the message world call for call, but that `run` and `step` are
 * awaited. Calls between two runs take effect as soon as the next one begins.
 */
export interface StackWorld {
  /** Whole ms since the run began. */
  now(): Millis
  /** Performs the next event; false when nothing is pending. */
  step(): Promise<boolean>
  /** Performs all events up to and including this time, and moves to it. Resolves early after `stop`; rejects when a machine throws. */
  run(until: Millis): Promise<void>
  stop(): void
  at(when: Millis, action: () => void): void
  /** Starts one peer, or all that are down. A start after a crash is a restart and finds what was saved. */
  start(name?: string): void
  ask(peer: string, call: LocalCall<AnyMessage>, onAnswer: (answer: LocalAnswer<AnyMessage>) => void): () => void
  crash(name: string, options?: CrashOptions): void
  restart(name: string, options?: { readonly wipe?: boolean }): void
  /** Stops a peer without ending it: connections stay open, what arrives waits. */
  pause(name: string): void
  resume(name: string): void
  setClock(name: string, skew: { readonly offset: Millis; readonly drift?: number }): void
  setDisk(name: string, fault: DiskFaultSpec | undefined): void
  syncDisk(name: string): void
  setLineRate(name: string, rate: LineRate): void
  addRule(label: string, rule: LinkRule): RuleHandle
  /** Separates groups; peers in none form one more. Frames are held (`jam`) or connections broken (`cut`). */
  partition(groups: readonly (readonly string[])[], mode?: 'jam' | 'cut'): RuleHandle
  heal(): void
  /** Sends an empty message over the links as they are now, and tells its delay in ms, or `undefined` when it cannot arrive. */
  probe(from: string, to: string, onResult: (delayMs: number | undefined) => void): void
  isUp(name: string): boolean
  machine(name: string): ReturnType<StackPeer['createMachine']> | undefined
  store(name: string): ReadonlyMap<string, Uint8Array>
  peerIdOf(name: string): PeerId
  /** The live host of a peer: its connections, meshes, scores and counters. */
  host(name: string): Host | undefined
  record(event: WorldEvent): void
  /** Digest of all records so far, 16 hex digits. */
  traceHash(): string
  /** Digest of every input that any machine got, with its time. */
  inputHash(): string
  load(): { readonly performed: number; readonly pending: number }
}
