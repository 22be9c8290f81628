import type { LinkFilter, LinkRule, RuleCounts, RuleHandle } from '@infermesh/sim'

type AddRule = (label: string, rule: LinkRule, isMeant?: LinkFilter) => RuleHandle

/** Puts one rule, with what it remembers, in force on the links of both sides, and counts what it did on either. */
export function shareRule(sides: readonly AddRule[], ...[label, rule, isMeant]: Parameters<AddRule>): RuleHandle {
  const counts: RuleCounts = { asked: 0, meant: 0, dropped: 0, reset: 0, delayed: 0, delayMsTotal: 0, duplicated: 0 }
  const counted: LinkRule = (transit) => {
    const verdict = rule(transit)
    counts.asked++
    if (isMeant?.(transit) === true) counts.meant++
    if (verdict === 'drop') counts.dropped++
    else if (verdict === 'reset') counts.reset++
    else if (verdict !== 'pass' && verdict.type === 'duplicate') counts.duplicated++
    else if (verdict !== 'pass') {
      counts.delayed++
      counts.delayMsTotal += verdict.by
    }
    return verdict
  }
  const handles = sides.map((add) => add(label, counted))
  return {
    label,
    counts,
    remove: () => {
      for (const handle of handles) handle.remove()
    },
  }
}
