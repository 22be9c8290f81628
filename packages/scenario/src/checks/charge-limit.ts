import { type CheckFactory, checkOver } from './check.ts'

interface Bill {
  readonly leaves: { readonly batchId: string; readonly from: number }[]
  sum: number
}

export const chargeLimit: CheckFactory = () => {
  const limit = new Map<string, number>()
  const bills = new Map<string, Bill>()
  return checkOver(['requestSent', 'leafSettled'], {
    name: 'I3',
    title: "no request is charged above its client's signed maximum",
    observe({ event }) {
      if (event.type === 'requestSent') limit.set(event.requestId, event.maxCharge)
      if (event.type !== 'leafSettled') return undefined
      const { requestId, batchId, from, amount } = event
      const bill = bills.get(requestId) ?? { leaves: [], sum: 0 }
      bills.set(requestId, bill)
      // Each settler tells each leaf.
      if (bill.leaves.some((leaf) => leaf.from === from && leaf.batchId === batchId)) return undefined
      bill.leaves.push({ batchId, from })
      bill.sum += amount
      const max = limit.get(requestId)
      return max !== undefined && bill.sum > max
        ? `request ${requestId} is charged ${bill.sum}, its client signed at most ${max}`
        : undefined
    },
  })
}
