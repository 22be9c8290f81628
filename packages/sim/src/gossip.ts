import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import { KIND } from './event-kind.ts'
import type { GossipMessage } from './gossip-message.ts'
import type { GossipMessages } from './gossip-messages.ts'
import type { GossipReport } from './gossip-report.ts'
import type { GossipScore } from './gossip-score.ts'
import type { GossipCounts, GossipSender } from './gossip-sender.ts'
import type { GossipSettings } from './gossip-settings.ts'
import type { GossipTopics } from './gossip-topics.ts'
import type { Host } from './host.ts'
import type { LazyGossip } from './lazy-gossip.ts'
import type { Peer } from './peer.ts'

/** Carries envelopes from a publisher to all subscribers over the mesh, and lets each machine judge before it passes one on. */
export class Gossip<M extends AnyMessage, E extends AnyEnvelope> {
  readonly #host: Host<M, E>
  readonly #messages: GossipMessages<M, E>
  readonly #sender: GossipSender<M, E>
  readonly #lazy: LazyGossip<M, E>
  readonly #topics: GossipTopics<M, E>
  readonly #scores: GossipScore
  readonly #settings: GossipSettings
  readonly #report: GossipReport | undefined
  readonly #counts: GossipCounts

  constructor(parts: {
    host: Host<M, E>
    messages: GossipMessages<M, E>
    sender: GossipSender<M, E>
    lazy: LazyGossip<M, E>
    topics: GossipTopics<M, E>
    scores: GossipScore
    settings: GossipSettings
    report: GossipReport | undefined
  }) {
    this.#host = parts.host
    this.#messages = parts.messages
    this.#sender = parts.sender
    this.#lazy = parts.lazy
    this.#topics = parts.topics
    this.#scores = parts.scores
    this.#settings = parts.settings
    this.#report = parts.report
    this.#counts = parts.sender.counts
  }

  publish(peer: Peer<M, E>, topicName: string, envelope: E): void {
    const message = this.#messages.of(this.#topics.named(topicName), envelope, peer.index)
    if (message.hasReached(peer.index)) {
      this.#counts.duplicates++
      return
    }
    message.reach(peer.index)
    this.#counts.published++
    for (const target of this.#topics.targetsOf(peer, message.topic, this.#settings.floodPublish)) this.#sender.send(peer, target, message)
    this.#lazy.plan(peer, message, 0)
  }

  /** Counts a copy that its receiver need not see again; most copies end here, before the receiver is touched. */
  isCopy(receiver: number, index: number, sender: number): boolean {
    const message = this.#messages.at(index)
    if (message === undefined) return true
    if (!message.hasReached(receiver)) return false
    this.#counts.duplicates++
    this.#settings.onCopy?.(receiver, sender)
    if (message.rejectedBy.size > 0 && message.rejectedBy.has(receiver)) this.#scores.blame(receiver, sender, this.#host.now)
    return true
  }

  onMessage(peer: Peer<M, E>, index: number, sender: number): void {
    const message = this.#messages.at(index)
    if (message === undefined || this.isCopy(peer.index, index, sender)) return
    if (peer.machine === undefined || message.topic.members[peer.index] === undefined) return
    if (this.#scores.isGraylisted(peer.index, sender, this.#host.now)) {
      this.#counts.graylisted++
      return
    }
    message.reach(peer.index)
    if (message.bytes >= this.#settings.unwantedBytes) this.#refuseCopies(peer, message, sender)
    if (this.#isAccepted(peer, message, sender)) this.#accept(peer, message, sender)
  }

  onUnwanted(peer: Peer<M, E>, index: number, sender: number): void {
    const message = this.#messages.at(index)
    if (message === undefined || message.hasReached(peer.index)) return
    const known = message.unwantedBy.get(peer.index)
    if (known === undefined) message.unwantedBy.set(peer.index, [sender])
    else known.push(sender)
  }

  /** The process died: what it had seen, and whom it blamed, is forgotten with it. */
  onCrash(peer: Peer<M, E>): void {
    for (const message of this.#messages.live()) message.unreach(peer.index)
    this.#scores.forget(peer.index)
  }

  #isAccepted(peer: Peer<M, E>, message: GossipMessage<E>, sender: number): boolean {
    const verdict = this.#host.judge(peer, message.topic.name, message.envelope)
    if (verdict === 'ignore') this.#counts.ignored++
    if (verdict === 'reject') {
      this.#counts.rejected++
      message.rejectedBy.add(peer.index)
      this.#scores.blame(peer.index, sender, this.#host.now)
      this.#topics.planRepair(peer, message.topic)
    }
    return verdict === 'accept'
  }

  #accept(peer: Peer<M, E>, message: GossipMessage<E>, sender: number): void {
    this.#counts.delivered++
    const age = Math.max(0, this.#host.now - message.signedAt)
    // Ids are forgotten then, so what is older was said anew.
    if (age <= this.#settings.seenMs) this.#report?.add(message.topic.name, age, this.#host.now)
    const spared = message.unwantedBy.size > 0 ? message.unwantedBy.get(peer.index) : undefined
    for (const target of message.topic.members[peer.index]?.mesh ?? []) {
      if (target === sender) continue
      if (spared?.includes(target) === true) this.#counts.spared++
      else this.#sender.send(peer, target, message)
    }
    this.#lazy.plan(peer, message, 0)
    const from = this.#host.peers[sender]?.spec.peerId ?? ''
    this.#host.deliver(peer, { type: 'gossip', topic: message.topic.name, from, envelope: message.envelope })
  }

  #refuseCopies(peer: Peer<M, E>, message: GossipMessage<E>, sender: number): void {
    for (const target of message.topic.members[peer.index]?.mesh ?? []) {
      if (target === sender) continue
      this.#counts.unwanted++
      // A peer that has the message has sent its copies already, so the word would come too late.
      if (!message.hasReached(target)) this.#sender.sendControl(peer, target, KIND.unwanted, message)
    }
  }
}
