import type { Random } from '@infermesh/kernel'
import type { LinkRule, RuleCounts, RuleHandle, Transit } from '@infermesh/sim'

/** What all rules together say: extra delay in ms, and when a second copy follows (0: none). */
export type Ruling = 'drop' | 'reset' | { readonly delay: number; readonly copyAfter: number }

interface ActiveRule {
  readonly rule: LinkRule
  readonly counts: RuleCounts
}

/** The link faults in force, asked in order; delays add up, the first `drop` or `reset` decides. */
export class RuleSet {
  readonly #random: Random
  readonly #onRemoved: () => void
  #rules: readonly ActiveRule[] = []

  constructor(random: Random, onRemoved: () => void) {
    this.#random = random
    this.#onRemoved = onRemoved
  }

  isEmpty(): boolean {
    return this.#rules.length === 0
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

  heal(): void {
    if (this.isEmpty()) return
    this.#rules = []
    this.#onRemoved()
  }

  judge(transit: Omit<Transit, 'random'>): Ruling {
    let delay = 0
    let copyAfter = 0
    for (const { rule, counts } of this.#rules) {
      const verdict = rule({ ...transit, random: this.#random })
      counts.asked++
      if (verdict === 'pass') continue
      if (verdict === 'drop') {
        counts.dropped++
        return verdict
      }
      if (verdict === 'reset') {
        counts.reset++
        return verdict
      }
      if (verdict.type === 'delay') {
        counts.delayed++
        counts.delayMsTotal += verdict.by
        delay += verdict.by
      } else {
        counts.duplicated++
        copyAfter = verdict.after
      }
    }
    return { delay, copyAfter }
  }
}
