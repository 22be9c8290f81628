import type { Millis, PeerId, Random } from '@infermesh/kernel'
import type { Gate, ShapeReport, ShapeRule } from './rule.ts'

/** When a message may leave, or that it never does. */
export type Passage = { readonly lost: true } | { readonly lost: false; readonly readyAt: Millis }

/** Everything sent to one peer passes here: its streams and its gossip share the rule and the bandwidth. */
export class PeerShape {
  readonly #random: Random
  readonly #now: () => Millis
  readonly #onChange = new Set<() => void>()
  #rule: ShapeRule | undefined
  #linkFreeAt: Millis = 0
  #losing = false
  #sent = 0
  #lost = 0
  #duplicated = 0
  #reordered = 0
  #askedMs = 0
  #achievedMs = 0

  constructor(random: Random, now: () => Millis) {
    this.#random = random
    this.#now = now
  }

  set(rule: ShapeRule | undefined): void {
    this.#rule = rule
    this.#linkFreeAt = this.#now()
    this.#losing = false
    this.#sent = 0
    this.#lost = 0
    this.#duplicated = 0
    this.#reordered = 0
    this.#askedMs = 0
    this.#achievedMs = 0
    for (const notify of this.#onChange) notify()
  }

  gate(): Gate {
    return this.#rule?.gate ?? 'open'
  }

  /** `onChange` is called when the rule changes, until the returned function is called. */
  watch(onChange: () => void): () => void {
    this.#onChange.add(onChange)
    return () => this.#onChange.delete(onChange)
  }

  /** Streams pay for a loss with time; what is `droppable` is gone. */
  pass(bytes: number, droppable: boolean): Passage {
    const rule = this.#rule
    if (rule === undefined) return FREE
    const lost = this.#loses(rule)
    if (lost) this.#lost++
    if (lost && droppable) return { lost: true }
    const leaves = this.#transmit(bytes, rule)
    const penalty = lost ? (rule.loss?.retransmit ?? RETRANSMIT) : 0
    return { lost: false, readyAt: leaves + this.#delay(rule) + penalty }
  }

  /** How often a gossip message is sent, and how long it is held back first. */
  gossipFate(): { readonly copies: number; readonly heldBack: Millis } {
    const { duplicate = 0, reorder } = this.#rule ?? {}
    const copies = duplicate > 0 && this.#random.next() < duplicate ? 2 : 1
    const heldBack = reorder !== undefined && this.#random.next() < reorder.rate ? reorder.by : 0
    if (copies > 1) this.#duplicated++
    if (heldBack > 0) this.#reordered++
    return { copies, heldBack }
  }

  /** `asked` is the delay that `pass` gave, `achieved` what it became. */
  passed(asked: Millis, achieved: Millis): void {
    if (this.#rule === undefined) return
    this.#sent++
    this.#askedMs += asked
    this.#achievedMs += achieved
  }

  report(): ShapeReport {
    const sent = Math.max(this.#sent, 1)
    return {
      sent: this.#sent,
      lost: this.#lost,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      askedMsMean: this.#askedMs / sent,
      achievedMsMean: this.#achievedMs / sent,
    }
  }

  #transmit(bytes: number, rule: ShapeRule): Millis {
    const start = Math.max(this.#now(), this.#linkFreeAt)
    this.#linkFreeAt = rule.bandwidth === undefined ? start : start + (bytes * 1000) / rule.bandwidth
    return this.#linkFreeAt
  }

  #delay(rule: ShapeRule): Millis {
    const jitter = rule.jitter === undefined ? 0 : this.#random.next() * rule.jitter
    if (rule.delay === undefined) return jitter
    const { median, p99 } = rule.delay
    if (p99 === undefined || median <= 0) return median + jitter
    return median * Math.exp((Math.log(p99 / median) / NORMAL_P99) * this.#normal()) + jitter
  }

  /** Gilbert-Elliott with loss certain in the bad state: mean bad run `burst`, share of messages in it `rate`. */
  #loses(rule: ShapeRule): boolean {
    const rate = rule.loss?.rate ?? 0
    if (rate <= 0) return false
    if (rate >= 1) return true
    const burst = Math.max(rule.loss?.burst ?? 1 / (1 - rate), 1)
    const leave = 1 / burst
    const enter = (rate * leave) / (1 - rate)
    const draw = this.#random.next()
    this.#losing = this.#losing ? draw >= leave : draw < enter
    return this.#losing
  }

  /** Box-Muller. */
  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random.next()))
    return radius * Math.cos(2 * Math.PI * this.#random.next())
  }
}

/** The shapes of all peers; one exists for every peer that was ever spoken to or ruled on. */
export class Shaping {
  readonly #random: Random
  readonly #now: () => Millis
  readonly #shapes = new Map<PeerId, PeerShape>()

  constructor(random: Random, now: () => Millis) {
    this.#random = random
    this.#now = now
  }

  of(peer: PeerId): PeerShape {
    const known = this.#shapes.get(peer)
    if (known !== undefined) return known
    const shape = new PeerShape(this.#random.fork(`shape/${peer}`), this.#now)
    this.#shapes.set(peer, shape)
    return shape
  }
}

const FREE: Passage = { lost: false, readyAt: 0 }
/** The 99th percentile of the standard normal distribution. */
const NORMAL_P99 = 2.3263478740408408
const RETRANSMIT = 200
