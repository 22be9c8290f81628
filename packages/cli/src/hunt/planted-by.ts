import type { PlantedBug } from '@infermesh/peers/planted'
import type { Alteration } from '../worlds/virtual-network.ts'
import type { VirtualRunOptions } from './virtual-run.ts'

/** What a planted bug changes in a run: machines, and rules of everybody's ledger. */
export function plantedBy(bug: PlantedBug): Required<Pick<VirtualRunOptions, 'alter' | 'waived'>> {
  const waived = new Set(bug.waives)
  const alter: Alteration = (peer, { services: whole, make }) => {
    const services = { ...whole, waived }
    const builder = { role: peer.role, services, make: (changes: Parameters<typeof make>[0] = {}) => make({ services, ...changes }) }
    return bug.build !== undefined && bug.roles.includes(peer.role) ? bug.build(builder) : builder.make()
  }
  return { alter, waived }
}
