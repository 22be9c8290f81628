import type { Millis } from '@infermesh/kernel'
import { type CheckFactory, checkOver } from './check.ts'
import { CLOCK_EVENTS, ClockTrust } from './clock-trust.ts'

export const singleServer: CheckFactory = ({ directory }) => {
  const { lease } = directory.genesis.parameters
  const latest = new Map<string, { readonly epoch: number; readonly holder: string; readonly at: Millis }>()
  const clocks = new ClockTrust(lease)
  return checkOver([...CLOCK_EVENTS, 'leaseAcquired', 'tokensMade'], {
    name: 'I14',
    title: 'nobody serves a private model under an epoch once a later one is held, while clocks keep to the allowed drift',
    observe(record) {
      const { event, at, peer } = record
      clocks.observe(record)
      if (event.type === 'leaseAcquired') {
        const known = latest.get(event.model)
        if (known === undefined || event.epoch > known.epoch) latest.set(event.model, { epoch: event.epoch, holder: peer, at })
      }
      // Leases promise this only within their drift; log order protects the money in any case.
      if (event.type !== 'tokensMade' || event.epoch === 0 || !clocks.holds(at)) return undefined
      const current = latest.get(event.model)
      if (current === undefined || event.epoch >= current.epoch) return undefined
      // Tokens are told several at a time; the last of them is the latest.
      const late = at - (event.agoMs.at(-1) ?? 0) - current.at
      if (late <= lease.epsilon) return undefined
      return `${peer} made tokens of ${event.model} under epoch ${event.epoch}, ${late} ms after ${current.holder} acquired epoch ${current.epoch}`
    },
  })
}
