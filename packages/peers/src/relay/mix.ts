import { assertNever, type Millis } from '@infermesh/kernel'
import { exponentialOf, shuffled } from './draws.ts'

/**
 * How a relay keeps requests back so that an order in time says less. `timed` sends all it has every so often; `threshold` sends once there
 * are `count`, or after `longest`; `pool` sends `flushed` drawn ones once `kept` more than those are there.
 */
export type DelayPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'exponential'; readonly mean: Millis }
  | { readonly kind: 'timed'; readonly every: Millis }
  | { readonly kind: 'threshold'; readonly count: number; readonly longest: Millis }
  | { readonly kind: 'pool'; readonly kept: number; readonly flushed: number; readonly longest: Millis }

/** What leaves now, and when to look again. */
export interface MixStep<Item> {
  readonly leaving: readonly Item[]
  readonly timer?: { readonly key: string; readonly after: Millis }
}

/** The pool of a relay. Each item leaves exactly once. Timer keys are the caller's to prefix. */
export class Mix<Item> {
  readonly #policy: DelayPolicy
  readonly #entropy: (length: number) => Uint8Array
  readonly #held = new Map<number, Item>()
  #count = 0
  #armed = false

  constructor(policy: DelayPolicy, entropy: (length: number) => Uint8Array) {
    this.#policy = policy
    this.#entropy = entropy
  }

  size(): number {
    return this.#held.size
  }

  add(item: Item): MixStep<Item> {
    const policy = this.#policy
    if (policy.kind === 'none') return { leaving: [item] }
    const number = this.#count++
    this.#held.set(number, item)
    switch (policy.kind) {
      case 'exponential':
        return { leaving: [], timer: { key: String(number), after: Math.round(exponentialOf(this.#entropy, policy.mean)) } }
      case 'timed':
        return this.#arm([], policy.every)
      case 'threshold':
        return this.#held.size >= policy.count ? { leaving: this.#drawn(this.#held.size) } : this.#arm([], policy.longest)
      case 'pool':
        return this.#arm(this.#held.size >= policy.kept + policy.flushed ? this.#drawn(policy.flushed) : [], policy.longest)
      default:
        return assertNever(policy)
    }
  }

  onTimer(key: string): MixStep<Item> {
    const policy = this.#policy
    if (policy.kind === 'exponential') return { leaving: this.#one(Number(key)) }
    this.#armed = false
    if (policy.kind !== 'pool') return { leaving: this.#drawn(this.#held.size) }
    // Without traffic a pool would keep its last messages for ever: time lets out as many as a flush does.
    const leaving = this.#drawn(policy.flushed)
    return this.#held.size > 0 ? this.#arm(leaving, policy.longest) : { leaving }
  }

  #arm(leaving: readonly Item[], after: Millis): MixStep<Item> {
    if (this.#armed) return { leaving }
    this.#armed = true
    return { leaving, timer: { key: 'batch', after } }
  }

  #one(number: number): readonly Item[] {
    const item = this.#held.get(number)
    this.#held.delete(number)
    return item === undefined ? [] : [item]
  }

  #drawn(count: number): readonly Item[] {
    const chosen = shuffled([...this.#held.keys()], this.#entropy).slice(0, count)
    return chosen.flatMap((number) => this.#one(number))
  }
}
