import type { NetworkEvent } from '@infermesh/protocol'
import { type CheckFactory, checkOver } from './check.ts'

type Leaf = Extract<NetworkEvent, { readonly type: 'leafSettled' }>

export const receiptedLeaves: CheckFactory = () => {
  const logged = new Set<string>()
  const voided = new Set<string>()
  const issued = new Map<string, { readonly amount: number; readonly number: string }>()
  const paid = new Map<string, string>()
  const faultOf = ({ receipt, requestId, amount }: Leaf): string | undefined => {
    if (!logged.has(receipt)) return `leaf of request ${requestId} names receipt ${receipt}, which is not in the log`
    if (voided.has(receipt)) return `leaf of request ${requestId} stands on the void receipt ${receipt}`
    const said = issued.get(receipt)
    if (said === undefined) return undefined
    if (said.amount !== amount) return `leaf pays ${amount}, receipt ${receipt} says ${said.amount}`
    const other = paid.get(said.number) ?? receipt
    paid.set(said.number, other)
    return other === receipt ? undefined : `receipts ${other} and ${receipt} are both paid, and both are number ${said.number}`
  }
  return checkOver(['entryLogged', 'receiptVoid', 'receiptIssued', 'leafSettled'], {
    name: 'I4',
    title: 'every leaf stands on a valid, logged receipt of its amount, the only one of its number',
    observe({ event, peer }) {
      if (event.type === 'entryLogged' && event.kind === 'receipt') logged.add(event.entry)
      if (event.type === 'receiptVoid') voided.add(event.receipt)
      if (event.type === 'receiptIssued') issued.set(event.receipt, { amount: event.amount, number: `${event.operatorSeq} of ${peer}` })
      return event.type === 'leafSettled' ? faultOf(event) : undefined
    },
  })
}
