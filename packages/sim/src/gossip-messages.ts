import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import { KIND } from './event-kind.ts'
import { GossipMessage } from './gossip-message.ts'
import type { GossipTopic } from './gossip-topic.ts'
import type { Host } from './host.ts'

/** The messages that are still known as seen. Events name them by index. */
export class GossipMessages<M extends AnyMessage, E extends AnyEnvelope> {
  readonly #host: Host<M, E>
  readonly #seenMs: number
  readonly #sizeOf: (envelope: E) => number
  readonly #byIndex: (GossipMessage<E> | undefined)[] = []
  readonly #live = new Map<string, GossipMessage<E>>()

  constructor(host: Host<M, E>, options: { seenMs: number; sizeOf: (envelope: E) => number }) {
    this.#host = host
    this.#seenMs = options.seenMs
    this.#sizeOf = options.sizeOf
  }

  at(index: number): GossipMessage<E> | undefined {
    return this.#byIndex[index]
  }

  live(): Iterable<GossipMessage<E>> {
    return this.#live.values()
  }

  /** The message for an envelope, made now if it is not known. */
  of(topic: GossipTopic, envelope: E, publisher: number): GossipMessage<E> {
    const key = `${topic.name} ${envelope.id}`
    const known = this.#live.get(key)
    if (known !== undefined) return known
    const { now, peers, queue } = this.#host
    const index = this.#byIndex.length
    const bytes = this.#sizeOf(envelope)
    const message = new GossipMessage({ index, topic, envelope, bytes, publishedAt: now, publisher, peers: peers.length })
    this.#byIndex.push(message)
    this.#live.set(key, message)
    queue.push(now + this.#seenMs, KIND.expire, -1, index, 0)
    return message
  }

  expire(index: number): void {
    const message = this.#byIndex[index]
    if (message === undefined) return
    this.#byIndex[index] = undefined
    this.#live.delete(`${message.topic.name} ${message.envelope.id}`)
  }
}
