import type { AnyEnvelope, Effect, GossipVerdict, Input, Millis, PeerId } from '@infermesh/kernel'
import type { StackLife } from '../stack-life.ts'
import type { StackRuntime } from '../stack-runtime.ts'
import { type Envoy, PROMPT } from './envoy.ts'
import type { MessageClock } from './message-clock.ts'
import type { BorderCounts, MessageSide } from './mixed-options.ts'

/** Marks, at a peer on libp2p, the requests that came from the message side. */
const FROM_THERE = 'border/'

interface BorderSides {
  readonly stack: Pick<StackRuntime, 'clock' | 'seat'>
  readonly messages: MessageClock
}

/** What is to be judged as gossip. */
interface Heard {
  readonly topic: string
  readonly envelope: AnyEnvelope
  readonly now: Millis
}

/** All that crosses between peers on libp2p and their envoys. A link's delay is the message side's; here everything takes no time. */
export class Border {
  readonly counts: BorderCounts = { requestsIn: 0, requestsOut: 0, gossipIn: 0, gossipOut: 0, duplicates: 0 }
  readonly envoys = new Map<string, Envoy>()
  readonly #messageIds: ReadonlySet<PeerId>
  readonly #stackTopics: ReadonlySet<string>
  /** The sides hold the border, so they come later. */
  readonly #sides: () => BorderSides

  constructor({ peers, stackTopics }: MessageSide, sides: () => BorderSides) {
    this.#messageIds = new Set(peers.map(({ peerId }) => peerId))
    this.#stackTopics = new Set(stackTopics)
    this.#sides = sides
  }

  /** The peer's machine has started: from now on it can be reached from the other side. */
  open(name: string): void {
    this.#sides().messages.do((world) => world.start(name))
  }

  close(name: string): void {
    this.#sides().messages.do((world) => world.crash(name))
  }

  /** An effect of a peer on libp2p. True when it has nothing more to do there. */
  detour(name: string, effect: Effect): boolean {
    switch (effect.type) {
      case 'request':
        if (!this.#messageIds.has(effect.to)) return false
        this.counts.requestsOut++
        this.#say(name, effect)
        return true
      case 'respond':
        if (!effect.requestId.startsWith(FROM_THERE)) return false
        this.#say(name, { ...effect, requestId: effect.requestId.slice(FROM_THERE.length) })
        return true
      case 'publish':
        this.#say(name, effect)
        return !this.#stackTopics.has(effect.topic)
      case 'subscribe':
      case 'cancel':
        this.#say(name, effect)
        return false
      default:
        return false
    }
  }

  /** Gossip that a peer got by gossipsub goes on to the message side, unless it came from there. */
  passOn(name: string, { from, topic, envelope }: Extract<Input, { readonly type: 'gossip' }>): void {
    if (!this.#messageIds.has(from)) this.#say(name, { type: 'publish', topic, envelope })
  }

  /** What an envoy got goes home. */
  take(name: string, input: Input): void {
    const { stack } = this.#sides()
    const { life } = stack.seat(name)
    if (life !== undefined) stack.clock.enter(life.owner, () => this.#bringHome(life, input))
  }

  judge(name: string, { topic, envelope, now }: Heard): GossipVerdict {
    return this.#sides().stack.seat(name).life?.machine?.validate?.(topic, envelope, now) ?? 'accept'
  }

  #bringHome({ host }: StackLife, input: Input): void {
    if (input.type === 'gossip') {
      this.counts.gossipIn++
      host.hear(input.from, input.topic, input.envelope.bytes)
      return
    }
    if (input.type === 'request') this.counts.requestsIn++
    host.inject(input.type === 'request' || input.type === 'cancelled' ? { ...input, id: `${FROM_THERE}${input.id}` } : input)
  }

  /** Not before the peer's disk lets it; never, when the peer has died by then. */
  #say(name: string, effect: Effect): void {
    const { clock, seat } = this.#stack()
    const { life } = seat(name)
    if (life === undefined) return
    const due = clock.effective(life.owner)
    if (due <= clock.now) this.#speak(name, effect)
    else
      clock.at(due, () => {
        if (seat(name).life === life) this.#speak(name, effect)
      })
  }

  #speak(name: string, effect: Effect): void {
    this.#sides().messages.do((world) => {
      if (!world.isUp(name)) return
      const { published } = world.gossipCounts()
      this.envoys.get(name)?.prepare(effect)
      world.inject(name, PROMPT)
      this.counts.gossipOut += world.gossipCounts().published - published
    })
  }

  #stack() {
    const { stack } = this.#sides()
    return { clock: stack.clock, seat: (name: string) => stack.seat(name) }
  }
}
