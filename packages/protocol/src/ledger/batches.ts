import { type Amount, assert, type Millis } from '@infermesh/kernel'
import { asciiBytes, concatBytes } from '../derive.ts'
import { merkleRoot } from '../log/merkle-log.ts'
import type { Leaf } from '../statements/index.ts'
import { leaf as leafSchema } from '../statements/settlement.ts'
import { encodeCbor } from '../wire/cbor.ts'
import { encodeAs, toHex } from '../wire/schema.ts'
import { credit } from './accounts.ts'
import { ZERO_DIGEST } from './beacon.ts'
import { ONE, type PayableRecord, type ReceiptRecord } from './records.ts'
import type { Trial } from './rules.ts'
import type { Reader } from './store.ts'

/** Leaves that one block may carry. */
const LEAVES_MAX = 400

export interface Batch {
  readonly batchId: string
  readonly leavesRoot: string
  readonly leaves: readonly Leaf[]
  readonly total: Amount
}

/** Receipts whose window has passed become payable, unless somebody looks at them: those come when the audit is closed. */
export function mature(trial: Trial, reopened: readonly string[]): void {
  const { draft, time } = trial
  const candidates = [...new Set([...reopened.filter((id) => hasAged(trial, id)), ...agedInQueue(trial)])]
  const grown = candidates.filter((id) => draft.get('receipt', id)?.state === 'held')
  if (grown.length === 0) return
  for (const id of grown) draft.set('receipt', id, { ...recordOf(draft, id), state: 'payable' })
  const added = grown.map((receipt) => ({ receipt, since: time }))
  draft.set('payable', ONE, [...(draft.get('payable', ONE) ?? []), ...added])
}

/** Never in the block that logs it: the next block's beacon decides first whether it is looked at. */
function hasAged({ draft, rules, time }: Trial, id: string): boolean {
  return recordOf(draft, id).loggedAt + Math.max(1, rules.parameters.settlement.challengeWindow) <= time
}

function agedInQueue(trial: Trial): readonly string[] {
  const { draft } = trial
  const queue = draft.get('queue', ONE) ?? { head: 0, tail: 0 }
  const aged: string[] = []
  for (let place = queue.head; place < queue.tail; place++) {
    const id = draft.get('maturing', String(place))
    if (id === undefined || !hasAged(trial, id)) break
    aged.push(id)
    draft.set('maturing', String(place), undefined)
  }
  if (aged.length > 0) draft.set('queue', ONE, { ...queue, head: queue.head + aged.length })
  return aged
}

/** When the waiting leaves become a batch, however few they are. `undefined`: none waits. */
export function batchDue(payable: readonly PayableRecord[], batch: { size: number; idle: Millis; maxAge: Millis }): Millis | undefined {
  const oldest = payable[0]
  const newest = payable.at(-1)
  if (oldest === undefined || newest === undefined) return undefined
  return payable.length >= batch.size ? newest.since : Math.min(newest.since + batch.idle, oldest.since + batch.maxAge)
}

/** Pays what is due: escrow to payee, each leaf once. The batch's name is fixed here, before anybody votes. */
export function settle(trial: Trial): Batch {
  const { draft, rules, time, height } = trial
  const payable = draft.get('payable', ONE) ?? []
  const due = batchDue(payable, rules.parameters.settlement.batch)
  if (due === undefined || due > time) return { batchId: ZERO_DIGEST, leavesRoot: ZERO_DIGEST, leaves: [], total: 0 }
  draft.set('payable', ONE, isUnsure(trial) ? payable : payable.slice(LEAVES_MAX))
  const leaves = payable
    .slice(0, LEAVES_MAX)
    .map(({ receipt }) => leafOf(draft, receipt))
    .sort(byRequestAndRange)
  const root = merkleRoot(
    rules.hash,
    leaves.map((leaf) => encodeAs(leafSchema, leaf)),
  )
  const name = concatBytes(asciiBytes(rules.sealing.networkId), encodeCbor(height), root)
  const batchId = toHex(rules.hash(name))
  for (const leaf of leaves) pay(trial, leaf, batchId)
  return { batchId, leavesRoot: toHex(root), leaves, total: leaves.reduce((sum, { amount }) => sum + amount, 0) }
}

function recordOf(reader: Reader, id: string): ReceiptRecord {
  const record = reader.get('receipt', id)
  assert(record !== undefined, `receipt ${id} waits for payment but is not in the ledger`)
  return record
}

function leafOf(reader: Reader, id: string): Leaf {
  const { requestId, from, to, payer, payee, amount } = recordOf(reader, id)
  return { requestId, from, to, receipt: id, payer, payee, amount }
}

function byRequestAndRange(left: Leaf, right: Leaf): number {
  if (left.requestId !== right.requestId) return left.requestId < right.requestId ? -1 : 1
  return left.from - right.from
}

/** The planted doubt: agreement took long, so the batch may not have gone through, and its leaves wait for the next one. */
const isUnsure = ({ rules, round }: Trial): boolean => round > 0 && rules.waived.has('leaves-are-settled-once')

function pay({ draft, rules, events, height }: Trial, leaf: Leaf, batchId: string): void {
  credit(draft, leaf.payee, rules.waived.has('pay-is-exact') ? Math.ceil(leaf.amount / 10) * 10 : leaf.amount)
  draft.set('receipt', leaf.receipt, { ...recordOf(draft, leaf.receipt), state: 'settled' })
  events.push({ type: 'leafSettled', ...leaf, batchId, height })
}
