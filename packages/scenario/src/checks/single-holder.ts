import { type CheckFactory, checkOver } from './check.ts'

export const singleHolder: CheckFactory = () => {
  const holders = new Map<string, string>()
  const highest = new Map<string, number>()
  return checkOver(['leaseAcquired'], {
    name: 'I6',
    title: 'epochs only rise, and each has one holder',
    observe({ event, peer }) {
      const key = `${event.model}/${event.epoch}`
      const holder = holders.get(key)
      if (holder !== undefined && holder !== peer) return `${event.model} epoch ${event.epoch} is held by ${holder} and by ${peer}`
      holders.set(key, peer)
      const top = highest.get(event.model) ?? -1
      if (event.epoch < top) return `${peer} acquired ${event.model} epoch ${event.epoch} after epoch ${top}`
      highest.set(event.model, event.epoch)
      return undefined
    },
  })
}
