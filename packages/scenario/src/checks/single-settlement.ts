import { type CheckFactory, checkOver } from './check.ts'

interface Paid {
  readonly from: number
  readonly to: number
  readonly leaf: string
}

export const singleSettlement: CheckFactory = () => {
  const paidFor = new Map<string, Paid[]>()
  return checkOver(['leafSettled'], {
    name: 'I1',
    title: 'each token of a request is settled at most once',
    observe({ event }) {
      const { requestId, from, to } = event
      const leaf = `${event.batchId}/${event.receipt}`
      const paid = paidFor.get(requestId) ?? []
      const twice = paid.find((other) => other.leaf !== leaf && other.from < to && from < other.to)
      if (twice !== undefined)
        return `token ${Math.max(from, twice.from)} of request ${requestId} is in leaf ${twice.leaf} and in leaf ${leaf}`
      // Each settler tells each leaf.
      if (!paid.some((other) => other.leaf === leaf && other.from === from && other.to === to)) paid.push({ from, to, leaf })
      paidFor.set(requestId, paid)
      return undefined
    },
  })
}
