import { type CheckFactory, checkOver } from './check.ts'

export const currentEpoch: CheckFactory = () => {
  /** By settler: each reads the log in its own order of time, and the log's order is the same for all. */
  const leased = new Map<string, number>()
  const superseded = new Map<string, string>()
  return checkOver(['entryLogged', 'leafSettled'], {
    name: 'I5',
    title: 'no leaf pays a receipt whose epoch was superseded before it in the log',
    observe({ event, peer }) {
      if (event.type === 'entryLogged' && event.model !== undefined && event.epoch !== undefined) {
        const key = `${peer}/${event.model}`
        const current = leased.get(key) ?? 0
        if (event.kind === 'lease') leased.set(key, Math.max(current, event.epoch))
        if (event.kind === 'receipt' && event.epoch < current) superseded.set(event.entry, `epoch ${event.epoch} after epoch ${current}`)
      }
      if (event.type !== 'leafSettled') return undefined
      const reason = superseded.get(event.receipt)
      return reason === undefined ? undefined : `leaf of request ${event.requestId} pays receipt ${event.receipt} of ${reason}`
    },
  })
}
