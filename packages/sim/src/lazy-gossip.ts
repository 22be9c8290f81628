import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import { KIND } from './event-kind.ts'
import type { GossipMessage } from './gossip-message.ts'
import type { GossipMessages } from './gossip-messages.ts'
import type { GossipScore } from './gossip-score.ts'
import type { GossipSender } from './gossip-sender.ts'
import type { GossipSettings } from './gossip-settings.ts'
import { shuffled } from './gossip-topic.ts'
import type { GossipTopics } from './gossip-topics.ts'
import type { Host } from './host.ts'
import type { Peer } from './peer.ts'

/** The slow way of a message: at heartbeats a peer says what it has, and who lacks it asks for it. */
export class LazyGossip<M extends AnyMessage, E extends AnyEnvelope> {
  readonly #host: Host<M, E>
  readonly #messages: GossipMessages<M, E>
  readonly #sender: GossipSender<M, E>
  readonly #topics: GossipTopics<M, E>
  readonly #scores: GossipScore
  readonly #settings: GossipSettings

  constructor(parts: {
    host: Host<M, E>
    messages: GossipMessages<M, E>
    sender: GossipSender<M, E>
    topics: GossipTopics<M, E>
    scores: GossipScore
    settings: GossipSettings
  }) {
    this.#host = parts.host
    this.#messages = parts.messages
    this.#sender = parts.sender
    this.#topics = parts.topics
    this.#scores = parts.scores
    this.#settings = parts.settings
  }

  /** Lets a peer tell of a message at its next heartbeat, unless nobody is left to tell. */
  plan(peer: Peer<M, E>, message: GossipMessage<E>, round: number): void {
    if (round >= this.#settings.lazyRounds || message.isEverywhere()) return
    this.#host.queue.push(this.#topics.nextHeartbeat(peer), KIND.advertise, peer.index, message.index, round)
  }

  /** A heartbeat of one peer for one message: tells some peers outside the mesh that it has it. */
  onAdvertise(peer: Peer<M, E>, index: number, round: number): void {
    const message = this.#messages.at(index)
    const membership = message?.topic.members[peer.index]
    if (message === undefined || membership === undefined || peer.machine === undefined || !message.hasReached(peer.index)) return
    const { lazyDegree, lazyShare } = this.#settings
    const count = Math.max(lazyDegree, Math.floor(membership.others.length * lazyShare))
    const chosen = membership.others.length <= count ? membership.others : shuffled(membership.others, peer.random).slice(0, count)
    for (const target of chosen) {
      this.#sender.counts.advertised++
      // To advertise what a peer already has changes nothing, so only the count is kept.
      if (!message.hasReached(target)) this.#sender.sendControl(peer, target, KIND.advertised, message)
    }
    this.plan(peer, message, round + 1)
  }

  onAdvertised(peer: Peer<M, E>, index: number, sender: number): void {
    const message = this.#messages.at(index)
    if (message === undefined || peer.machine === undefined || message.hasReached(peer.index)) return
    const { now } = this.#host
    if (now - (message.askedAt.get(peer.index) ?? -Infinity) < 3 * this.#settings.heartbeatMs) return
    if (this.#scores.score(peer.index, sender, now) < 0) return
    message.askedAt.set(peer.index, now)
    this.#sender.sendControl(peer, sender, KIND.wanted, message)
  }

  onWanted(peer: Peer<M, E>, index: number, asker: number): void {
    const message = this.#messages.at(index)
    if (message === undefined || peer.machine === undefined || !message.hasReached(peer.index)) return
    this.#sender.counts.pulled++
    this.#sender.send(peer, asker, message)
  }

  /** A newcomer is told of recent messages by those it is connected to, though they had nobody left to tell before. */
  onSubscribe(peer: Peer<M, E>, topicName: string): void {
    const { heartbeatMs, lazyRounds } = this.#settings
    const since = this.#host.now - lazyRounds * heartbeatMs
    for (const message of this.#messages.live()) {
      if (message.topic.name !== topicName || message.publishedAt <= since || message.hasReached(peer.index)) continue
      for (const index of message.topic.members[peer.index]?.others ?? []) {
        const other = this.#host.peers[index]
        if (other === undefined || !message.hasReached(index)) continue
        this.#host.queue.push(this.#topics.nextHeartbeat(other), KIND.advertise, index, message.index, lazyRounds - 1)
      }
    }
  }
}
