import type { Millis } from '@infermesh/kernel'
import type { AuditStage } from '../statements/index.ts'
import { drawSeats, isDrawn } from './committee.ts'
import { type AuditRecord, ONE, type ReceiptRecord } from './records.ts'
import type { Trial } from './rules.ts'
import type { Reader } from './store.ts'

/** Time a verifier gets for the execution itself, besides the time to speak: 20 ms for each token to make, one for 8 to read. */
export const executionAllowance = ({ promptTokens, from, to }: Pick<ReceiptRecord, 'promptTokens' | 'from' | 'to'>): Millis =>
  (to - from) * 20 + Math.ceil((promptTokens + from) / 8)

export const openAudits = (reader: Reader): readonly string[] => reader.get('audits', ONE) ?? []

/** The receipts of the previous block meet the beacon that nobody knew when they were logged. */
export function drawAudits(trial: Trial): void {
  const { draft, rules, beacon } = trial
  const drawn = draft.get('drawing', ONE) ?? []
  if (drawn.length === 0) return
  draft.set('drawing', ONE, [])
  for (const id of drawn) {
    const receipt = draft.get('receipt', id)
    if (receipt?.state !== 'held') continue
    const model = draft.get('model', receipt.model)
    const reexecutable = model?.verifyTier === 're-execution' && model.visibility === 'public'
    if (!reexecutable || !isDrawn(rules.hash, beacon, id, rules.parameters.audit.ratePerMille)) continue
    draft.set('receipt', id, { ...receipt, state: 'audited' })
    draft.set('audits', ONE, [...openAudits(draft), id].sort())
    seat(trial, id, { stage: 'first', draw: 0, seated: [], accusers: [] })
  }
}

/** Seats verifiers by this block's beacon and gives them time to commit. */
export function seat(trial: Trial, id: string, turn: Pick<AuditRecord, 'stage' | 'draw' | 'seated' | 'accusers'>): void {
  const { draft, rules, beacon, time, height } = trial
  const receipt = draft.get('receipt', id)
  if (receipt === undefined) return
  const { stage, draw, seated } = turn
  const seats = drawSeats(rules.hash, rules.directory, { beacon, receipt: id, stage, seated })
  const until = time + rules.parameters.audit.commitWithin + executionAllowance(receipt)
  draft.set('audit', id, { ...turn, seats, phase: 'commit', until, commits: [], findings: [] })
  trial.events.push({ type: 'auditOpened', receipt: id, stage, draw, seats, height })
}

/** The receipt goes on to payment (or does not), and the audit is gone from the ledger. */
export function closeAudit(trial: Trial, id: string, result: 'match' | 'mismatch' | 'unavailable' | 'unchecked'): void {
  const { draft, events, height } = trial
  draft.set('audit', id, undefined)
  draft.set(
    'audits',
    ONE,
    openAudits(draft).filter((other) => other !== id),
  )
  const receipt = draft.get('receipt', id)
  if (receipt?.state === 'audited') draft.set('receipt', id, { ...receipt, state: 'held' })
  events.push({ type: 'auditClosed', receipt: id, result, height })
}

export const nextStage: Readonly<Record<AuditStage, AuditStage>> = { first: 'committee', committee: 'appeal', appeal: 'appeal' }
