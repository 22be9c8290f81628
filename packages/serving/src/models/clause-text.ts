import type { Random } from '@infermesh/kernel'

/** A clause of a made-up contract, and how risky it is for who signs it. */
export interface Clause {
  readonly text: string
  readonly risk: 'low' | 'medium' | 'high'
}

export const riskLabels = ['low', 'medium', 'high'] as const

/** Draws a clause from a small grammar: enough for models that learn in seconds, and for nothing else. */
export function drawClause(random: Random): Clause {
  const risk = of(riskLabels, random)
  const { duties, limits } = wording[risk]
  return { text: `${of(parties, random)} ${of(duties, random)} ${of(objects, random)} ${of(limits, random)}.`, risk }
}

const of = <T>(list: readonly T[], random: Random): T => list[random.below(list.length)] as T

const parties = ['the buyer', 'the seller', 'each party', 'the tenant']
const objects = ['the fee', 'all goods', 'the report', 'any claim', 'the keys']
const wording: Readonly<Record<Clause['risk'], { readonly duties: readonly string[]; readonly limits: readonly string[] }>> = {
  low: { duties: ['may review', 'may return', 'can inspect'], limits: ['at any time', 'free of charge', 'with mutual consent'] },
  medium: {
    duties: ['shall pay', 'shall deliver', 'must provide'],
    limits: ['within ten days', 'after written notice', 'before the deadline'],
  },
  high: { duties: ['waives', 'forfeits', 'indemnifies for'], limits: ['without limit', 'forever', 'regardless of fault'] },
}
