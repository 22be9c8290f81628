import type { AnyEnvelope, AnyMessage, Random, TraceEvent } from '@infermesh/kernel'
import { Bandwidth } from './bandwidth.ts'
import { Computing } from './computing.ts'
import { Connections } from './connections.ts'
import { KIND } from './event-kind.ts'
import { Gossip } from './gossip.ts'
import { GossipMessages } from './gossip-messages.ts'
import { GossipReport } from './gossip-report.ts'
import { GossipScore } from './gossip-score.ts'
import { GossipSender } from './gossip-sender.ts'
import { gossipDefaults } from './gossip-settings.ts'
import { GossipTopics } from './gossip-topics.ts'
import type { Host } from './host.ts'
import { constantLatency } from './latency.ts'
import { LazyGossip } from './lazy-gossip.ts'
import { Network } from './network.ts'
import type { Peer } from './peer.ts'
import { Streams } from './streams.ts'
import { Timers } from './timers.ts'
import type { MessageWorldOptions } from './world.ts'

const KEEP_ALIVE_MS = 30_000
const MESSAGE_BYTES = 256
const LATENCY_MS = 10

/** The parts of a world, wired to each other and to their host. */
export interface Parts<M extends AnyMessage, E extends AnyEnvelope> {
  readonly network: Network<M, E>
  readonly connections: Connections<M, E>
  readonly streams: Streams<M, E>
  readonly topics: GossipTopics<M, E>
  readonly gossip: Gossip<M, E>
  readonly lazy: LazyGossip<M, E>
  readonly messages: GossipMessages<M, E>
  readonly sender: GossipSender<M, E>
  readonly report: GossipReport | undefined
  readonly timers: Timers<M, E>
  readonly computing: Computing<M, E>
}

export function createParts<M extends AnyMessage, E extends AnyEnvelope>(
  host: Host<M, E>,
  options: MessageWorldOptions<M, E>,
  random: Random,
): Parts<M, E> {
  const { bandwidth, sizeOf, keepAliveMs = KEEP_ALIVE_MS, dialRoundTrips = 0 } = options
  const network: Network<M, E> = new Network({
    latency: options.latency ?? constantLatency(LATENCY_MS),
    bandwidth: bandwidth && new Bandwidth({ ...bandwidth, peers: options.peers.map((peer) => bandwidth.rate(peer.name)) }),
    random: random.fork('rules'),
    onRemoved: () => connections.release(),
  })
  const connections = new Connections(host, network, { keepAliveMs, dialRoundTrips })
  const settings = { ...gossipDefaults, ...options.gossip }
  const scores = new GossipScore(settings)
  const topics = new GossipTopics({ host, network, settings, scores, random: random.fork('gossip') })
  const report = options.traceGossip === false ? undefined : new GossipReport((peer: string, event: TraceEvent) => host.record(peer, event))
  const messages = new GossipMessages(host, {
    seenMs: settings.seenMs,
    sizeOf: sizeOf?.envelope ?? ((envelope: E) => envelope.bytes.length),
  })
  const sender = new GossipSender(host, network)
  const lazy = new LazyGossip({ host, messages, sender, topics, scores, settings })
  return {
    network,
    connections,
    streams: new Streams(host, connections, sizeOf?.message ?? (() => MESSAGE_BYTES)),
    topics,
    gossip: new Gossip({ host, messages, sender, lazy, topics, scores, settings, report }),
    lazy,
    messages,
    sender,
    report,
    timers: new Timers(host),
    computing: new Computing(host, options),
  }
}

/** What an event of one kind does. */
export type Handler<M extends AnyMessage, E extends AnyEnvelope> = (peer: Peer<M, E>, a: number, b: number) => void

/** Who takes which kind of event that names a peer, by kind. */
export function handlersOf<M extends AnyMessage, E extends AnyEnvelope>(parts: Parts<M, E>): (Handler<M, E> | undefined)[] {
  const { streams, gossip, lazy, topics, timers, computing, connections } = parts
  const handlers: (Handler<M, E> | undefined)[] = []
  handlers[KIND.timer] = (peer, a) => timers.fire(peer, a)
  handlers[KIND.call] = (peer, a) => streams.onCall(peer, a)
  handlers[KIND.answer] = (peer, a) => streams.onAnswer(peer, a)
  handlers[KIND.cancelled] = (peer, a) => streams.onCancelled(peer, a)
  handlers[KIND.failed] = (_peer, a) => streams.onFailed(a)
  handlers[KIND.timeout] = (_peer, a) => streams.onTimeout(a)
  handlers[KIND.connectionLost] = (peer, a) => streams.onConnectionLost(peer, a)
  handlers[KIND.held] = (_peer, a) => connections.checkSilence(a)
  handlers[KIND.computed] = (peer, a, b) => computing.onEvent(peer, a, b === 1)
  handlers[KIND.gossip] = (peer, a, b) => gossip.onMessage(peer, a, b)
  handlers[KIND.advertise] = (peer, a, b) => lazy.onAdvertise(peer, a, b)
  handlers[KIND.advertised] = (peer, a, b) => lazy.onAdvertised(peer, a, b)
  handlers[KIND.wanted] = (peer, a, b) => lazy.onWanted(peer, a, b)
  handlers[KIND.unwanted] = (peer, a, b) => gossip.onUnwanted(peer, a, b)
  handlers[KIND.repair] = (peer, a) => topics.onRepair(peer, a)
  handlers[KIND.neighbourLost] = (peer, a, b) => topics.onNeighbourLost(peer, a, b === 1)
  return handlers
}

/** Takes an event that names no peer. */
export function handleOutside<M extends AnyMessage, E extends AnyEnvelope>(parts: Parts<M, E>, kind: number, a: number): void {
  if (kind === KIND.localAnswer) parts.streams.onAnswer(undefined, a)
  else if (kind === KIND.failed) parts.streams.onFailed(a)
  else if (kind === KIND.timeout) parts.streams.onTimeout(a)
  else if (kind === KIND.expire) parts.messages.expire(a)
}
