import type { AnyEnvelope, AnyMessage, Millis, TraceRecord } from '@infermesh/kernel'
import type { LineRate, LinkModel, MessageWorld } from '@infermesh/sim'
import type { GossipOptions, Host } from '../host-options.ts'
import type { Wire } from './link/virtual-transport.ts'
import type { BorderCounts, MessageSide } from './mixed/mixed-options.ts'
import type { WorkOptions } from './modelled-work.ts'
import type { StackPeer } from './stack-peer.ts'

export interface StackWorldOptions<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope> extends WorkOptions {
  /** The same one that `runInWorker` was given, or the run's own part of it. */
  readonly seed: string | number
  readonly peers: readonly StackPeer<M, E>[]
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
  /** Further peers, which are machines on modelled links: their gossip and their streams meet those of the peers on libp2p. */
  readonly messages?: MessageSide<M, E>
  readonly onRecord?: (record: TraceRecord) => void
  /** Events at one instant after which the run stops as stuck. */
  readonly eventsPerInstantMax?: number
}

/**
 * Peers on the real libp2p and gossipsub, in virtual time. The message world call for call, but that `run` and `step` are awaited.
 * What is asked for between two runs happens as soon as the next one begins.
 */
export interface StackWorld<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope>
  extends Omit<MessageWorld<M, E>, 'step' | 'run' | 'inject' | 'gossipCounts'> {
  /** Performs the next event; false when nothing is pending. */
  step(): Promise<boolean>
  /** Performs all events up to and including this time, and moves to it. Resolves early after `stop`; rejects when a machine throws. */
  run(until: Millis): Promise<void>
  /** What has crossed between peers on libp2p and those that are messages, where there are both. */
  border(): BorderCounts | undefined
  /** The live host of a peer: its connections, meshes, scores and counters. */
  host(name: string): Host | undefined
}
