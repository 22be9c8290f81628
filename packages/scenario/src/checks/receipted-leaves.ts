import type { CheckFactory } from './check.ts'

export const receiptedLeaves: CheckFactory = () => {
  const logged = new Set<string>()
  const voided = new Set<string>()
  const issued = new Map<string, number>()
  return {
    name: 'I4',
    title: 'every leaf stands on a valid, logged receipt of its amount',
    observe({ event }) {
      if (event.type === 'entryLogged' && event.kind === 'receipt') logged.add(event.entry)
      if (event.type === 'receiptVoid') voided.add(event.receipt)
      if (event.type === 'receiptIssued') issued.set(event.receipt, event.amount)
      if (event.type !== 'leafSettled') return undefined
      if (!logged.has(event.receipt)) return `leaf of request ${event.requestId} names receipt ${event.receipt}, which is not in the log`
      if (voided.has(event.receipt)) return `leaf of request ${event.requestId} stands on the void receipt ${event.receipt}`
      const amount = issued.get(event.receipt)
      return amount !== undefined && amount !== event.amount
        ? `leaf pays ${event.amount}, receipt ${event.receipt} says ${amount}`
        : undefined
    },
  }
}
