import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { type AnyEnvelope, assert, type GossipVerdict, type Machine, type PeerId } from '@infermesh/kernel'
import { peerIdFromString } from '@libp2p/peer-id'
import { failHost, type HostContext } from '../host-context.ts'
import type { GossipOptions } from '../host-options.ts'
import type { GossipNode } from './service.ts'

export interface GossipInit {
  readonly context: HostContext
  readonly machine: Machine
  readonly topics: readonly string[]
  readonly options: Pick<GossipOptions, 'reportDelays' | 'seenFor'>
  readonly onMesh: ((topic: string, peers: readonly PeerId[]) => void) | undefined
}

/** Between gossipsub and the machine: nothing is delivered or passed on before codec and machine have agreed to it. */
export class Gossip {
  readonly #init: GossipInit
  readonly #node: GossipNode
  readonly #subscribed = new Set<string>()
  /** Decoded while validating, wanted again at once for delivery. */
  readonly #decoded = new Map<string, AnyEnvelope>()
  #unheard: { readonly topic: string; readonly bytes: Uint8Array }[] = []

  constructor(init: GossipInit, node: GossipNode) {
    this.#init = init
    this.#node = node
    for (const topic of init.topics) {
      // A copy, since an envelope that is kept would keep the whole network buffer.
      node.topicValidators.set(topic, (_, message) => this.#validate(topic, message.data.slice()))
    }
    node.addEventListener('gossipsub:message', (event) => {
      const { msgId, msg, propagationSource } = event.detail
      const envelope = this.#decoded.get(msgId) ?? this.#decode(msg.topic, msg.data)
      this.#decoded.delete(msgId)
      if (envelope !== undefined) this.#deliver(msg.topic, envelope, propagationSource.toString())
    })
    node.addEventListener('subscription-change', (event) => {
      this.#onListener(new Set(event.detail.subscriptions.filter(({ subscribe }) => subscribe).map(({ topic }) => topic)))
    })
    if (init.onMesh !== undefined) this.#watchMesh(init.onMesh)
  }

  subscribe(topic: string): void {
    this.#assertKnown(topic)
    if (this.#subscribed.has(topic)) return
    this.#subscribed.add(topic)
    this.#node.subscribe(topic)
  }

  publish(topic: string, envelope: AnyEnvelope): void {
    const { context } = this.#init
    this.#assertKnown(topic)
    const { envelopeBytesMax } = context.limits
    assert(
      envelope.bytes.byteLength <= envelopeBytesMax,
      `an envelope has ${envelope.bytes.byteLength} bytes, the most is ${envelopeBytesMax}`,
    )
    context.counters.gossipPublished++
    this.#send(topic, envelope.bytes)
  }

  #send(topic: string, bytes: Uint8Array): void {
    this.#node.publish(topic, bytes).catch((error: unknown) => {
      if (isUnheard(error)) this.#hold(topic, bytes)
      else failHost(this.#init.context, error)
    })
  }

  /** Nobody listens yet, as at the start of a network: it is said when somebody does. The oldest gives way. */
  #hold(topic: string, bytes: Uint8Array): void {
    this.#unheard.push({ topic, bytes })
    if (this.#unheard.length <= UNHEARD_MAX) return
    this.#unheard.shift()
    this.#init.context.counters.drop('unheard gossip')
  }

  #onListener(topics: ReadonlySet<string>): void {
    const ready = this.#unheard.filter((held) => topics.has(held.topic))
    if (ready.length === 0) return
    this.#unheard = this.#unheard.filter((held) => !topics.has(held.topic))
    for (const { topic, bytes } of ready) this.#send(topic, bytes)
  }

  hear(from: PeerId, topic: string, bytes: Uint8Array): void {
    this.#node.hear(peerIdFromString(from), topic, bytes)
  }

  meshPeers(topic: string): readonly PeerId[] {
    return this.#node.getMeshPeers(topic)
  }

  score(peer: PeerId): number {
    return this.#node.getScore(peer)
  }

  #assertKnown(topic: string): void {
    assert(this.#init.topics.includes(topic), `topic ${topic} must be one of the host's: ${this.#init.topics.join(', ')}`)
  }

  #validate(topic: string, bytes: Uint8Array): TopicValidatorResult {
    if (!this.#subscribed.has(topic)) return TopicValidatorResult.Ignore
    const envelope = this.#decode(topic, bytes)
    const verdict = envelope === undefined ? 'reject' : this.#judge(topic, envelope)
    if (verdict === 'reject') this.#init.context.counters.gossipRejected++
    if (verdict === 'accept' && envelope !== undefined) this.#remember(envelope)
    return RESULTS[verdict]
  }

  #decode(topic: string, bytes: Uint8Array): AnyEnvelope | undefined {
    const { codec, limits } = this.#init.context
    if (bytes.byteLength > limits.envelopeBytesMax) return undefined
    try {
      return codec.decodeEnvelope(topic, bytes)
    } catch {
      // Whatever a decoder throws, it is the sender's fault.
      return undefined
    }
  }

  #judge(topic: string, envelope: AnyEnvelope): GossipVerdict {
    const { context, machine } = this.#init
    try {
      return machine.validate?.(topic, envelope, context.now()) ?? 'accept'
    } catch (error) {
      failHost(context, error)
      return 'ignore'
    }
  }

  #remember(envelope: AnyEnvelope): void {
    if (this.#decoded.size >= DECODED_MAX) {
      for (const oldest of this.#decoded.keys()) {
        this.#decoded.delete(oldest)
        break
      }
    }
    this.#decoded.set(envelope.id, envelope)
  }

  #deliver(topic: string, envelope: AnyEnvelope, from: PeerId): void {
    const { context, options } = this.#init
    context.counters.gossipDelivered++
    if (options.reportDelays && 'at' in envelope && typeof envelope.at === 'number') {
      const age = context.now() - envelope.at
      // Ids are forgotten then, so what is older was said anew: that tells of whoever says it, and not of the way it took.
      if (age <= options.seenFor) context.counters.delivered(topic, age)
    }
    if (!context.inputs.offer({ type: 'gossip', topic, from, envelope })) context.counters.drop('gossip')
  }

  #watchMesh(onMesh: NonNullable<GossipInit['onMesh']>): void {
    const tell = (event: CustomEvent<{ readonly topic: string }>) => onMesh(event.detail.topic, this.meshPeers(event.detail.topic))
    this.#node.addEventListener('gossipsub:graft', tell)
    this.#node.addEventListener('gossipsub:prune', tell)
  }
}

const RESULTS: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  reject: TopicValidatorResult.Reject,
  ignore: TopicValidatorResult.Ignore,
}

/** Gossipsub's word for having nobody to send to. */
const isUnheard = (error: unknown): boolean => error instanceof Error && error.message.includes('NoPeersSubscribedToTopic')

const DECODED_MAX = 4096
const UNHEARD_MAX = 1024
