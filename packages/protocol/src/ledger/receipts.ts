import { chargeOf } from '../derive.ts'
import type { Envelope } from '../envelope.ts'
import type { Receipt } from '../statements/index.ts'
import { balanceOf, credit } from './accounts.ts'
import { punishOnce } from './faults.ts'
import type { ReceiptFacts } from './receipt-facts.ts'
import { type ModelRecord, ONE, type ReceiptRecord } from './records.ts'
import { type Admission, deferred, logged, refused, type Trial } from './rules.ts'

type SoundFacts = Extract<ReceiptFacts, { readonly sound: true }>

/**
 * A valid receipt moves its amount from the payer into escrow; an invalid one is logged as void, with the reason, and never paid.
 * What may still become valid (its manifest or its lease is not logged yet) waits.
 */
export function admitReceipt(trial: Trial, receipt: Envelope<'receipt'>): Admission {
  const { draft, rules } = trial
  if (!rules.directory.has(receipt.signer, 'operator')) return refused('not-an-operator')
  const facts = rules.facts.of(receipt)
  const model = draft.get('model', receipt.payload.model)
  if (facts.sound && model === undefined) return deferred('unknown-model')
  if (facts.sound && model !== undefined && awaitsLease(trial, receipt.payload, model)) return deferred('lease-not-logged')
  const fault = sequenceFault(trial, receipt) ?? (facts.sound ? contentFault(trial, receipt, { facts, model }) : facts.reason)
  if (fault !== undefined) {
    draft.set('receipt', receipt.id, recordOf(trial, receipt, 'void', facts))
    trial.events.push({ type: 'receiptVoid', receipt: receipt.id, reason: fault, height: trial.height })
  } else if (facts.sound) {
    hold(trial, receipt, facts)
  }
  return logged
}

const awaitsLease = ({ draft }: Trial, receipt: Receipt, model: ModelRecord): boolean =>
  model.visibility === 'private' && receipt.epoch > (draft.get('lease', receipt.model)?.epoch ?? 0)

/** Two receipts under one number are a fault that the log itself proves: no reporter, all of the slash is burnt. */
function sequenceFault(trial: Trial, { id, signer, payload }: Envelope<'receipt'>): string | undefined {
  const key = `${signer}/${payload.operatorSeq}`
  const other = trial.draft.get('sequence', key)
  if (other === undefined || trial.rules.waived.has('numbers-are-used-once')) {
    trial.draft.set('sequence', key, id)
    return undefined
  }
  punishOnce(trial, { fault: `equivocation/receipt/${key}`, accused: signer, about: id, proof: [other, id], reporters: [] })
  return 'equivocation'
}

interface Ground {
  readonly facts: SoundFacts
  readonly model: ModelRecord | undefined
}

function contentFault(trial: Trial, { signer, payload }: Envelope<'receipt'>, { facts, model }: Ground): string | undefined {
  const { draft, rules } = trial
  if (model === undefined) return 'unknown-model'
  if (draft.get('ejected', signer) !== undefined) return 'operator-ejected'
  if (!rules.directory.has(payload.payee, 'operator')) return 'payee-not-an-operator'
  if (payload.weightsRoot !== model.weightsRoot || payload.engineBuild !== model.engineBuild) return 'other-weights-or-engine'
  if (payload.amount !== chargeOf(model, payload) && !rules.waived.has('price-is-the-manifests')) return 'other-price'
  return leaseFault(trial, payload, { holder: signer, model }) ?? chargeFault(trial, payload, facts)
}

function leaseFault(
  { draft, rules }: Trial,
  receipt: Receipt,
  { holder, model }: { holder: string; model: ModelRecord },
): string | undefined {
  if (model.visibility === 'public') return undefined
  const lease = draft.get('lease', receipt.model)
  if (lease === undefined || receipt.epoch !== lease.epoch) return rules.waived.has('epochs-fence') ? undefined : 'stale-epoch'
  if (lease.holder !== holder) return 'not-the-holder'
  const isRevoked = lease.delegation !== '' && draft.get('revoked', lease.delegation) !== undefined
  if (isRevoked && !rules.waived.has('revocations-count')) return 'delegation-revoked'
  // The attestation was checked when the lease that carries it was logged; the receipt only names it.
  const attests = model.verifyTier === 'attestation' || receipt.attestation !== undefined
  return attests && (receipt.attestation ?? '') !== lease.attestation ? 'other-attestation' : undefined
}

function chargeFault({ draft, rules }: Trial, receipt: Receipt, { client, request }: SoundFacts): string | undefined {
  const before = draft.get('request', receipt.requestId)
  const isOverlap = before?.ranges.some(([from, to]) => receipt.from < to && from < receipt.to) === true
  if (isOverlap && !rules.waived.has('tokens-are-billed-once')) return 'charged-already'
  const isAboveMax = (before?.charged ?? 0) + receipt.amount > request.maxCharge
  if (isAboveMax && !rules.waived.has('price-is-the-manifests')) return 'charge-above-max'
  return balanceOf(draft, client) < receipt.amount ? 'no-funds' : undefined
}

function hold(trial: Trial, receipt: Envelope<'receipt'>, facts: SoundFacts): void {
  const { draft } = trial
  const { requestId, from, to, amount } = receipt.payload
  const before = draft.get('request', requestId) ?? { charged: 0, ranges: [] }
  draft.set('request', requestId, { charged: before.charged + amount, ranges: [...before.ranges, [from, to]] })
  credit(draft, facts.client, -amount)
  draft.set('receipt', receipt.id, recordOf(trial, receipt, 'held', facts))
  const queue = draft.get('queue', ONE) ?? { head: 0, tail: 0 }
  draft.set('maturing', String(queue.tail), receipt.id)
  draft.set('queue', ONE, { head: queue.head, tail: queue.tail + 1 })
  draft.set('drawing', ONE, [...(draft.get('drawing', ONE) ?? []), receipt.id])
}

function recordOf(trial: Trial, receipt: Envelope<'receipt'>, state: 'held' | 'void', facts: ReceiptFacts): ReceiptRecord {
  const { requestId, from, to, promptTokens, model, payee, amount } = receipt.payload
  const payer = facts.sound ? facts.client : ''
  return { state, requestId, from, to, promptTokens, model, operator: receipt.signer, payer, payee, amount, loggedAt: trial.time }
}

/** A payment that must not happen: the coins go back to the payer. The range stays used up. */
export function refund(trial: Trial, id: string, reason: string): void {
  const record = trial.draft.get('receipt', id)
  if (record === undefined) return
  trial.events.push({ type: 'receiptVoid', receipt: id, reason, height: trial.height })
  if (trial.rules.waived.has('void-is-refunded')) return
  credit(trial.draft, record.payer, record.amount)
  trial.draft.set('receipt', id, { ...record, state: 'void' })
}
