import type { AnyEnvelope, AnyMessage, Random } from '@infermesh/kernel'
import type { Bandwidth } from './bandwidth.ts'
import type { LinkModel } from './latency.ts'
import type { Transit } from './link-rule.ts'
import type { Peer } from './peer.ts'
import { BREAK, DROP, RuleSet } from './rule-set.ts'

/** Instead of an arrival time. */
export const DROPPED = DROP
export const RESET = BREAK
export const OVERFLOW = -3

export interface Sent {
  readonly bytes: number
  readonly now: number
  /** False for what must wait rather than be refused when the uplink's queue is full. */
  readonly mayOverflow: boolean
}

/** Decides when a message arrives: rules in force, the sender's uplink, then the link. Nothing is stored per link. */
export class Network<M extends AnyMessage, E extends AnyEnvelope> {
  readonly bandwidth: Bandwidth | undefined
  readonly rules: RuleSet
  /** After how long a second copy of the message just sent follows, or 0. */
  copyAfter = 0
  readonly #latency: LinkModel

  constructor(options: { latency: LinkModel; bandwidth: Bandwidth | undefined; random: Random; onRemoved: () => void }) {
    this.#latency = options.latency
    this.bandwidth = options.bandwidth
    this.rules = new RuleSet(options.random, options.onRemoved)
  }

  /** No rule and no line rate is in force: a message takes the link's own delay and nothing else. */
  isPlain(): boolean {
    return this.rules.isEmpty() && this.bandwidth === undefined
  }

  /** The link's own delay in ms towards a peer given by its index. */
  plainDelay(from: Peer<M, E>, to: number): number {
    return this.#latency.delay(from.index, to, from.random)
  }

  /** Arrival time in ms, or one of `DROPPED`, `RESET`, `OVERFLOW`. The receiver's downlink comes on top, when it arrives. */
  transit(from: Peer<M, E>, to: Peer<M, E>, channel: Transit['channel'], sent: Sent): number {
    let leaves = sent.now
    this.copyAfter = 0
    if (!this.rules.isEmpty()) {
      const extra = this.rules.judge({
        from: from.spec.name,
        to: to.spec.name,
        channel,
        bytes: sent.bytes,
        now: Math.floor(leaves),
        random: this.rules.random,
      })
      if (extra < 0) return extra
      this.copyAfter = this.rules.copyAfter
      leaves += extra
    }
    if (this.bandwidth !== undefined) {
      const delay = this.bandwidth.upload(from.index, sent)
      if (delay < 0) return OVERFLOW
      leaves += delay
    }
    return leaves + this.#latency.delay(from.index, to.index, from.random)
  }

  /** The link's own delay, for what no rule may stop: a reset, a refusal. */
  delay(from: Peer<M, E>, to: Peer<M, E>): number {
    return this.#latency.delay(from.index, to.index, from.random)
  }
}
