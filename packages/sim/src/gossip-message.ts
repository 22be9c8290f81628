import type { AnyEnvelope } from '@infermesh/kernel'
import type { GossipTopic } from './gossip-topic.ts'

/** One envelope on one topic, and which peers have it: a bit each, so that a message costs 12 KiB among 100,000 peers. */
export class GossipMessage<E extends AnyEnvelope> {
  readonly index: number
  readonly topic: GossipTopic
  readonly envelope: E
  readonly bytes: number
  readonly publishedAt: number
  /** What was signed long ago may be published anew; the other worlds, too, count from here. */
  readonly signedAt: number
  readonly publisher: number
  seenBy = 0
  /** Peers that judged it invalid: every further sender is blamed too. */
  readonly rejectedBy = new Set<number>()
  /** For a peer that has not got it yet: who needs no copy from it. */
  readonly unwantedBy = new Map<number, number[]>()
  /** When a peer last asked for it. */
  readonly askedAt = new Map<number, number>()
  #seen: Int32Array

  constructor(parts: {
    index: number
    topic: GossipTopic
    envelope: E
    bytes: number
    publishedAt: number
    publisher: number
    peers: number
  }) {
    this.index = parts.index
    this.topic = parts.topic
    this.envelope = parts.envelope
    this.bytes = parts.bytes
    this.publishedAt = parts.publishedAt
    const { envelope } = parts
    this.signedAt = 'at' in envelope && typeof envelope.at === 'number' ? envelope.at : parts.publishedAt
    this.publisher = parts.publisher
    this.#seen = new Int32Array((parts.peers + 31) >>> 5)
  }

  hasReached(peer: number): boolean {
    return ((this.#seen[peer >>> 5] ?? 0) & (1 << (peer & 31))) !== 0
  }

  reach(peer: number): void {
    this.#seen[peer >>> 5] = (this.#seen[peer >>> 5] ?? 0) | (1 << (peer & 31))
    this.seenBy++
  }

  /** Nobody is left to tell. */
  isEverywhere(): boolean {
    return this.seenBy >= this.topic.memberCount + (this.topic.members[this.publisher] === undefined ? 1 : 0)
  }

  /** A peer lost its memory. */
  unreach(peer: number): void {
    if (!this.hasReached(peer)) return
    this.#seen[peer >>> 5] = (this.#seen[peer >>> 5] ?? 0) & ~(1 << (peer & 31))
    this.seenBy--
  }
}
