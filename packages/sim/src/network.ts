import type { AnyEnvelope, AnyMessage, Random } from '@infermesh/kernel'
import type { Bandwidth } from './bandwidth.ts'
import type { LinkModel } from './latency.ts'
import type { LinkRule, RuleCounts, RuleHandle, Transit } from './link-rule.ts'
import type { Peer } from './peer.ts'

/** Instead of an arrival time. */
export const DROPPED = -1
export const RESET = -2
export const OVERFLOW = -3

export interface Sent {
  readonly bytes: number
  readonly now: number
  /** False for what must wait rather than be refused when the uplink's queue is full. */
  readonly mayOverflow: boolean
}

interface ActiveRule {
  readonly rule: LinkRule
  readonly counts: RuleCounts
}

/** Decides when a message arrives: rules in force, the sender's uplink, then the link. Nothing is stored per link. */
export class Network<M extends AnyMessage, E extends AnyEnvelope> {
  readonly bandwidth: Bandwidth | undefined
  /** After how long a second copy of the message just sent follows, or 0. */
  copyAfter = 0
  readonly #latency: LinkModel
  readonly #random: Random
  readonly #onRemoved: () => void
  #rules: readonly ActiveRule[] = []

  constructor(options: { latency: LinkModel; bandwidth: Bandwidth | undefined; random: Random; onRemoved: () => void }) {
    this.#latency = options.latency
    this.bandwidth = options.bandwidth
    this.#random = options.random
    this.#onRemoved = options.onRemoved
  }

  /** No rule and no line rate is in force: a message takes the link's own delay and nothing else. */
  isPlain(): boolean {
    return this.#rules.length === 0 && this.bandwidth === undefined
  }

  /** The link's own delay in ms towards a peer given by its index. */
  plainDelay(from: Peer<M, E>, to: number): number {
    return this.#latency.delay(from.index, to, from.random)
  }

  /** Arrival time in ms, or one of `DROPPED`, `RESET`, `OVERFLOW`. The receiver's downlink comes on top, when it arrives. */
  transit(from: Peer<M, E>, to: Peer<M, E>, channel: Transit['channel'], sent: Sent): number {
    let leaves = sent.now
    this.copyAfter = 0
    if (this.#rules.length > 0) {
      const extra = this.#judge({
        from: from.spec.name,
        to: to.spec.name,
        channel,
        bytes: sent.bytes,
        now: Math.floor(leaves),
        random: this.#random,
      })
      if (extra < 0) return extra
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

  add(label: string, rule: LinkRule): RuleHandle {
    const counts: RuleCounts = { asked: 0, dropped: 0, reset: 0, delayed: 0, delayMsTotal: 0, duplicated: 0 }
    const active = { rule, counts }
    this.#rules = [...this.#rules, active]
    const remove = (): void => {
      if (!this.#rules.includes(active)) return
      this.#rules = this.#rules.filter((other) => other !== active)
      this.#onRemoved()
    }
    return { label, counts, remove }
  }

  #judge(transit: Transit): number {
    let extra = 0
    for (const { rule, counts } of this.#rules) {
      const verdict = rule(transit)
      counts.asked++
      if (verdict === 'pass') continue
      if (verdict === 'drop') {
        counts.dropped++
        return DROPPED
      }
      if (verdict === 'reset') {
        counts.reset++
        return RESET
      }
      if (verdict.type === 'delay') {
        counts.delayed++
        counts.delayMsTotal += verdict.by
        extra += verdict.by
      } else {
        counts.duplicated++
        this.copyAfter = verdict.after
      }
    }
    return extra
  }
}
