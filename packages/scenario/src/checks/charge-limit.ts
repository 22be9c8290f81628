import type { CheckFactory } from './check.ts'

export const chargeLimit: CheckFactory = () => {
  const limit = new Map<string, number>()
  const leaves = new Map<string, number>()
  const charged = new Map<string, number>()
  return {
    name: 'I3',
    title: "no request is charged above its client's signed maximum",
    observe({ event }) {
      if (event.type === 'requestSent') limit.set(event.requestId, event.maxCharge)
      if (event.type !== 'leafSettled') return undefined
      const leaf = `${event.batchId}/${event.requestId}/${event.from}`
      if (leaves.has(leaf)) return undefined
      leaves.set(leaf, event.amount)
      const sum = (charged.get(event.requestId) ?? 0) + event.amount
      charged.set(event.requestId, sum)
      const max = limit.get(event.requestId)
      return max !== undefined && sum > max ? `request ${event.requestId} is charged ${sum}, its client signed at most ${max}` : undefined
    },
  }
}
