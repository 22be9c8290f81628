import { type AnyEnvelope, type AnyMessage, assert, WORLD } from '@infermesh/kernel'
import { GossipReport, type MessageWorldOptions, type PeerSpec } from '@infermesh/sim'
import type { StackPeer } from '../stack-peer.ts'
import { StackRuntime } from '../stack-runtime.ts'
import type { StackWorldOptions } from '../world-options.ts'
import { Border } from './border.ts'
import { Envoy } from './envoy.ts'
import { MessageClock } from './message-clock.ts'
import type { MessageSide } from './mixed-options.ts'
import { numbered, timingGossip } from './side-options.ts'

export interface MixedOptions extends StackWorldOptions {
  readonly messages: MessageSide
}

/** Two sides on one clock and in one trace: peers on libp2p, and peers that are messages, among them an envoy of each of the others. */
export class MixedRuntime {
  readonly stack: StackRuntime
  readonly messages: MessageClock
  readonly report: GossipReport
  readonly border: Border
  readonly messageNames: readonly string[]
  readonly #onStack: ReadonlySet<string>

  constructor(options: MixedOptions) {
    const { messages, latency, onRecord } = options
    this.#onStack = new Set(options.peers.map(({ name }) => name))
    this.messageNames = messages.peers.map(({ name }) => name)
    this.border = new Border(messages, () => this)
    this.stack = new StackRuntime({
      ...options,
      ...(latency && { latency: numbered(latency, options) }),
      eventsPerInstantMax: options.eventsPerInstantMax ?? EVENTS_PER_INSTANT + EVENTS_PER_INSTANT_EACH * messages.order.length,
      peers: options.peers.map((peer) => this.#atBorder(peer)),
      onRecord: (record) => {
        const { peer, event } = record
        if (peer === WORLD && event.type === 'peerCrashed' && this.#isOnStack(event)) this.border.close(event.name)
        onRecord?.(record)
      },
    })
    this.report = new GossipReport((peer, event) => this.stack.trace.record(peer, event))
    this.messages = new MessageClock(this.stack.clock, this.#messageOptions(options))
  }

  isOnStack(name: string): boolean {
    return this.#onStack.has(name)
  }

  #isOnStack(event: object): event is { readonly name: string } {
    return 'name' in event && typeof event.name === 'string' && this.#onStack.has(event.name)
  }

  #messageOptions(options: MixedOptions): MessageWorldOptions<AnyMessage, AnyEnvelope> {
    const { messages, seed, latency, bandwidth, keepAliveMs, dialRoundTrips = 1, compute, createEngine } = options
    const onStack = messages.order.map((name) => this.#onStack.has(name))
    return {
      ...{ seed, dialRoundTrips, peers: this.#messagePeers(options) },
      ...(latency && { latency }),
      ...(bandwidth && { bandwidth }),
      ...(keepAliveMs !== undefined && { keepAliveMs }),
      ...(messages.sizeOf && { sizeOf: messages.sizeOf }),
      ...(compute && { compute }),
      ...(createEngine && { createEngine }),
      // What peers on libp2p tell each other goes by gossipsub.
      gossip: {
        mayLink: (left, right) => onStack[left] !== true || onStack[right] !== true,
        onCopy: (receiver, sender) => {
          if (onStack[receiver] !== onStack[sender]) this.border.counts.duplicates++
        },
      },
      traceGossip: false,
      onRecord: ({ peer, event }) => {
        // The envoys' lives are those of their peers, who tell of them.
        if (peer !== WORLD || !this.#isOnStack(event)) this.stack.trace.record(peer, event)
      },
    }
  }

  #messagePeers({ messages, peers }: MixedOptions): readonly PeerSpec<AnyMessage, AnyEnvelope>[] {
    const specs = new Map<string, PeerSpec<AnyMessage, AnyEnvelope>>()
    for (const spec of messages.peers) specs.set(spec.name, timingGossip(spec, { report: this.report, clock: this.stack.clock }))
    for (const peer of peers) specs.set(peer.name, this.#envoyOf(peer))
    assert(specs.size === messages.order.length, `${messages.order.length} peers are numbered, ${specs.size} are on one of the sides`)
    return messages.order.flatMap((name) => specs.get(name) ?? [])
  }

  #envoyOf({ name, identity }: StackPeer): PeerSpec<AnyMessage, AnyEnvelope> {
    const { border } = this
    return {
      name,
      peerId: identity.peerId,
      createMachine: () => {
        const envoy = new Envoy({
          take: (input) => border.take(name, input),
          judge: (topic, envelope, now) => border.judge(name, { topic, envelope, now }),
        })
        border.envoys.set(name, envoy)
        return envoy
      },
    }
  }

  /** The peer as it is anywhere, but that what goes to the message side takes another way. */
  #atBorder(peer: StackPeer): StackPeer {
    const { name } = peer
    const { border } = this
    return {
      ...peer,
      detour: (effect) => border.detour(name, effect),
      createMachine: () => {
        const machine = peer.createMachine()
        return {
          handle: (input, now) => {
            if (input.type === 'started') border.open(name)
            if (input.type === 'gossip') border.passOn(name, input)
            return machine.handle(input, now)
          },
          ...(machine.validate && { validate: machine.validate.bind(machine) }),
        }
      },
    }
  }
}

const EVENTS_PER_INSTANT = 200_000
const EVENTS_PER_INSTANT_EACH = 2_000
