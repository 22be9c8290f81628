import type { AnyEnvelope, AnyMessage, Random } from '@infermesh/kernel'
import { KIND } from './event-kind.ts'
import type { GossipScore } from './gossip-score.ts'
import type { GossipSettings } from './gossip-settings.ts'
import { GossipTopic, shuffled } from './gossip-topic.ts'
import type { Host } from './host.ts'
import type { Network } from './network.ts'
import type { Peer } from './peer.ts'

/** Keeps each topic's mesh in shape: joins, departures, and repair at the heartbeats that need one. */
export class GossipTopics<M extends AnyMessage, E extends AnyEnvelope> {
  readonly #host: Host<M, E>
  readonly #network: Network<M, E>
  readonly #settings: GossipSettings
  readonly #scores: GossipScore
  readonly #random: Random
  readonly #topics: GossipTopic[] = []
  readonly #byName = new Map<string, GossipTopic>()

  constructor(parts: { host: Host<M, E>; network: Network<M, E>; settings: GossipSettings; scores: GossipScore; random: Random }) {
    this.#host = parts.host
    this.#network = parts.network
    this.#settings = parts.settings
    this.#scores = parts.scores
    this.#random = parts.random
  }

  named(name: string): GossipTopic {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const topic = new GossipTopic({ name, index: this.#topics.length, settings: this.#settings, random: this.#random.fork(name) })
    this.#topics.push(topic)
    this.#byName.set(name, topic)
    return topic
  }

  subscribe(peer: Peer<M, E>, name: string): void {
    if (peer.topics.includes(name)) return
    peer.topics.push(name)
    const topic = this.named(name)
    topic.join(peer.index)
    for (const other of topic.members[peer.index]?.mesh ?? []) this.#planIfUneven(other, topic)
    this.#planIfUneven(peer.index, topic)
  }

  /** Whom a publisher sends to: its mesh or all it is connected to; a peer that does not subscribe picks some who do. */
  targetsOf(peer: Peer<M, E>, topic: GossipTopic, isFlood: boolean): readonly number[] {
    const membership = topic.members[peer.index]
    if (membership === undefined) return topic.sample(this.#settings.degree, (other) => topic.mayLink(peer.index, other))
    return isFlood && membership.others.length > 0 ? [...membership.mesh, ...membership.others] : membership.mesh
  }

  /** Takes a dead peer out of every mesh. Those linked with it hear of it after the link's delay. */
  onCrash(peer: Peer<M, E>): void {
    const linked = new Set<number>()
    for (const name of peer.topics) for (const other of this.named(name).leave(peer.index)) linked.add(other)
    for (const other of linked) {
      const to = this.#host.peers[other]
      if (to === undefined) continue
      // A connection of its own brings the news to the machine; the gossip link then only mends the mesh.
      const isOnlyLink = to.connections?.has(peer.index) !== true
      this.#host.queue.push(this.#host.now + this.#network.delay(peer, to), KIND.neighbourLost, other, peer.index, isOnlyLink ? 1 : 0)
    }
    peer.topics = []
  }

  /** A gossip link broke: the mesh is mended and, when it was the only link, the machine is told. */
  onNeighbourLost(peer: Peer<M, E>, lost: number, isOnlyLink: boolean): void {
    for (const name of peer.topics) this.#planIfUneven(peer.index, this.named(name))
    const other = this.#host.peers[lost]
    if (other !== undefined && isOnlyLink) this.#host.deliver(peer, { type: 'peerLost', peer: other.spec.peerId })
  }

  planRepair(peer: Peer<M, E>, topic: GossipTopic): void {
    const membership = topic.members[peer.index]
    if (membership === undefined || membership.isRepairDue || this.#settings.fixedLinks !== undefined) return
    membership.isRepairDue = true
    this.#host.queue.push(this.nextHeartbeat(peer), KIND.repair, peer.index, topic.index, 0)
  }

  /** Drops ill-behaved mesh links, then brings the degree back within its bounds. */
  onRepair(peer: Peer<M, E>, topicIndex: number): void {
    const topic = this.#topics[topicIndex]
    const membership = topic?.members[peer.index]
    if (topic === undefined || membership === undefined) return
    membership.isRepairDue = false
    const { degree, degreeMin, degreeMax } = this.#settings
    const isTrusted = (other: number): boolean => this.#scores.score(peer.index, other, this.#host.now) >= 0
    for (const other of membership.mesh.filter((candidate) => !isTrusted(candidate))) this.#prune(peer, topic, other)
    if (membership.mesh.length > degreeMax) {
      for (const other of shuffled(membership.mesh, this.#random).slice(degree)) this.#prune(peer, topic, other)
    }
    if (membership.mesh.length >= degreeMin) return
    if (membership.mesh.length + membership.others.length < this.#settings.dials) topic.connect(peer.index)
    const willing = membership.others.filter((other) => isTrusted(other) && (topic.members[other]?.mesh.length ?? degreeMax) < degreeMax)
    for (const other of shuffled(willing, this.#random).slice(0, degree - membership.mesh.length)) topic.graft(peer.index, other)
  }

  /** The peer's next heartbeat. Each beats in its own phase. */
  nextHeartbeat(peer: Peer<M, E>): number {
    const { heartbeatMs } = this.#settings
    const phase = (Math.imul(peer.index + 1, 0x9e3779b1) >>> 0) % heartbeatMs
    const { now } = this.#host
    return Math.floor((now - phase) / heartbeatMs + 1) * heartbeatMs + phase
  }

  #prune(peer: Peer<M, E>, topic: GossipTopic, other: number): void {
    topic.prune(peer.index, other)
    this.#planIfUneven(other, topic)
  }

  #planIfUneven(index: number, topic: GossipTopic): void {
    const degree = topic.members[index]?.mesh.length ?? this.#settings.degree
    const peer = this.#host.peers[index]
    if (peer === undefined || (degree >= this.#settings.degreeMin && degree <= this.#settings.degreeMax)) return
    if (degree < this.#settings.degreeMin && topic.memberCount <= degree + 1) return
    this.planRepair(peer, topic)
  }
}
