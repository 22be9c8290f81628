import { type CheckFactory, checkOver } from './check.ts'

interface Paid {
  readonly from: number
  readonly to: number
  readonly batchId: string
  readonly receipt: string
}

export const singleSettlement: CheckFactory = () => {
  const paidFor = new Map<string, Paid[]>()
  return checkOver(['leafSettled'], {
    name: 'I1',
    title: 'each token of a request is settled at most once',
    observe({ event }) {
      const { requestId, from, to } = event
      const paid = paidFor.get(requestId) ?? []
      const twice = paid.find((other) => !isSame(other, event) && other.from < to && from < other.to)
      if (twice !== undefined)
        return `token ${Math.max(from, twice.from)} of request ${requestId} is in leaf ${nameOf(twice)} and in leaf ${nameOf(event)}`
      // Each settler tells each leaf.
      if (!paid.some((other) => isSame(other, event) && other.from === from && other.to === to)) paid.push(event)
      paidFor.set(requestId, paid)
      return undefined
    },
  })
}

const isSame = (left: Paid, right: Paid): boolean => left.receipt === right.receipt && left.batchId === right.batchId
const nameOf = ({ batchId, receipt }: Paid): string => `${batchId}/${receipt}`
