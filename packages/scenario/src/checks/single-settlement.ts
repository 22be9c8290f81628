import type { CheckFactory } from './check.ts'

export const singleSettlement: CheckFactory = () => {
  const paidBy = new Map<string, string>()
  return {
    name: 'I1',
    title: 'each token of a request is settled at most once',
    observe({ event }) {
      if (event.type !== 'leafSettled') return undefined
      for (let token = event.from; token < event.to; token++) {
        const key = `${event.requestId}/${token}`
        const leaf = `${event.batchId}/${event.receipt}`
        const before = paidBy.get(key)
        if (before !== undefined && before !== leaf)
          return `token ${token} of request ${event.requestId} is in leaf ${before} and in leaf ${leaf}`
        paidBy.set(key, leaf)
      }
      return undefined
    },
  }
}
