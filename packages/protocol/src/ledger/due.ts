import type { Millis } from '@infermesh/kernel'
import { openAudits } from './audits.ts'
import { batchDue } from './batches.ts'
import type { Ledger } from './ledger.ts'
import { ONE } from './records.ts'

/** When a block without entries would change something: a draw, a deadline, a batch. `undefined`: time alone changes nothing. */
export function nextDue({ store, head, rules }: Ledger): Millis | undefined {
  const { batch, challengeWindow } = rules.parameters.settlement
  if ((store.get('drawing', ONE) ?? []).length > 0) return head.time
  const times: Millis[] = []
  for (const id of openAudits(store)) times.push(store.get('audit', id)?.until ?? head.time)
  const queue = store.get('queue', ONE)
  const oldest = queue === undefined ? undefined : store.get('maturing', String(queue.head))
  const receipt = oldest === undefined ? undefined : store.get('receipt', oldest)
  if (receipt !== undefined) times.push(receipt.loggedAt + challengeWindow)
  const batchAt = batchDue(store.get('payable', ONE) ?? [], batch)
  if (batchAt !== undefined) times.push(batchAt)
  return times.length === 0 ? undefined : Math.min(...times)
}
