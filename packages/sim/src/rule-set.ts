import type { Random } from '@infermesh/kernel'
import type { LinkFilter, LinkRule, RuleCounts, RuleHandle, Transit } from './link-rule.ts'

/** Instead of an extra delay: what the rules say of a message that must not pass. */
export const DROP = -1
export const BREAK = -2

interface ActiveRule {
  readonly rule: LinkRule
  readonly isMeant: LinkFilter | undefined
  readonly counts: RuleCounts
}

/** The link faults in force, asked in order; delays add up, the first `drop` or `reset` decides. Every world judges by it. */
export class RuleSet {
  /** For the transits that it is asked about. */
  readonly random: Random
  /** After how long a second copy of the message just judged follows, or 0. */
  copyAfter = 0
  readonly #onRemoved: () => void
  #rules: readonly ActiveRule[] = []

  constructor(random: Random, onRemoved: () => void) {
    this.random = random
    this.#onRemoved = onRemoved
  }

  isEmpty(): boolean {
    return this.#rules.length === 0
  }

  /** `isMeant` says which messages the rule could act on, so that what it did can be held against what it might have done. */
  add(label: string, rule: LinkRule, isMeant?: LinkFilter): RuleHandle {
    const counts: RuleCounts = { asked: 0, meant: 0, dropped: 0, reset: 0, delayed: 0, delayMsTotal: 0, duplicated: 0 }
    const active = { rule, isMeant, counts }
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

  /** Extra delay in ms, or one of `DROP` and `BREAK`. */
  judge(transit: Transit): number {
    let extra = 0
    this.copyAfter = 0
    for (const { rule, isMeant, counts } of this.#rules) {
      const verdict = rule(transit)
      counts.asked++
      if (isMeant?.(transit) === true) counts.meant++
      if (verdict === 'pass') continue
      if (verdict === 'drop') {
        counts.dropped++
        return DROP
      }
      if (verdict === 'reset') {
        counts.reset++
        return BREAK
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
