import type { AnyEnvelope, Effect, GossipVerdict, Input, Machine, Millis } from '@infermesh/kernel'

/** The peer on libp2p whose envoy it is. */
interface Home {
  /** Takes what came for the peer, in order. */
  take(input: Input): void
  judge(topic: string, envelope: AnyEnvelope, now: Millis): GossipVerdict
}

/** Tells an envoy that its peer has something to say. */
export const PROMPT: Input = { type: 'timer', key: 'prompt' }

/**
 * Stands for one peer on libp2p among the peers that are messages: it has its name, its key and its links, hands over whatever
 * comes for it, and says what it says. Links, faults and gossip meshes of the message side know no difference.
 */
export class Envoy implements Machine {
  readonly #home: Home
  #due: Effect[] = []

  constructor(home: Home) {
    this.#home = home
  }

  /** To be performed at the next prompt. */
  prepare(effect: Effect): void {
    this.#due.push(effect)
  }

  handle(input: Input): readonly Effect[] {
    if (input.type === 'timer') {
      const due = this.#due
      this.#due = []
      return due
    }
    if (input.type !== 'started') this.#home.take(input)
    return []
  }

  validate(topic: string, envelope: AnyEnvelope, now: Millis): GossipVerdict {
    return this.#home.judge(topic, envelope, now)
  }
}
