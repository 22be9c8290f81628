import type { PeerId } from '@infermesh/kernel'
import { slash } from './accounts.ts'
import type { Trial } from './rules.ts'

export interface ProvenFault {
  /** Names the deed, so that it is punished once however often it is reported. */
  readonly fault: string
  readonly accused: PeerId
  /** The receipt or statement that the trace names. */
  readonly about: string
  /** Log entries that prove it. */
  readonly proof: readonly string[]
  readonly reporters: readonly PeerId[]
}

/** False when this deed was punished before. */
export function punishOnce({ rules, draft, events, height, time }: Trial, proven: ProvenFault): boolean {
  if (draft.get('fault', proven.fault) !== undefined) return false
  draft.set('fault', proven.fault, time)
  const { slash: most, reporterPerMille } = rules.parameters.settlement
  const amount = slash(draft, proven.accused, { amount: most, reporterPerMille, reporters: proven.reporters, now: time })
  events.push({ type: 'slashed', accused: proven.accused, amount, receipt: proven.about, height, proof: proven.proof })
  return true
}
