/** One cell of the matrix: what an observer makes of a fact with one attack. Shares are of 1. */
export interface Leak {
  readonly observer: string
  readonly fact: string
  readonly attack: string
  readonly success: number
  /** What a guess without looking gets. */
  readonly blind: number
  readonly samples: number
  /** What is left unknown, in bits. Means hide who is exposed, so the least and the 5th percentile are given. */
  readonly bitsMin?: number
  readonly bitsP5?: number
  /** Area under the ROC curve of a yes-or-no question. */
  readonly auc?: number
}

/** Bits that are left for each sample, as the fields of a leak. */
export function bitsOf(bits: readonly number[]): Pick<Leak, 'bitsMin' | 'bitsP5'> {
  if (bits.length === 0) return {}
  const sorted = [...bits].sort((left, right) => left - right)
  return { bitsMin: sorted[0] ?? 0, bitsP5: sorted[Math.floor(sorted.length * 0.05)] ?? 0 }
}

/** Share of the most frequent value: the best guess of one who sees nothing. */
export function blindGuess(values: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return values.length === 0 ? 0 : Math.max(...counts.values()) / values.length
}

export const shareOf = (hits: readonly boolean[]): number => (hits.length === 0 ? 0 : hits.filter(Boolean).length / hits.length)

/** A fact that stands in the open. */
export const open = (observer: string, fact: string, samples: number): Leak => ({
  ...{ observer, fact, attack: 'sees', success: samples === 0 ? 0 : 1, blind: 0, samples },
  ...bitsOf(samples === 0 ? [] : [0]),
})
