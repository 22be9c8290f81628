import type { Permission } from './config.ts'
import type { Duty, DutyContext } from './duty.ts'
import type { HeldLease } from './lease-keeper.ts'

export interface Refused {
  readonly duty: Duty
  readonly context: DutyContext
  readonly held: HeldLease | undefined
}

/** Why this peer does not serve the model under this epoch, with the name of who does. */
export function refusedPermission({ duty: { model }, context: { book, services }, held }: Refused, epoch: number): Permission {
  const { directory, identity } = services
  const lease = book.get(model)?.lease
  const known = lease === undefined ? 'no lease is known' : `epoch ${lease.epoch} is held by ${directory.nameOf(lease.holder)}`
  const current = held?.epoch ?? lease?.epoch ?? epoch
  if (current !== epoch) return { state: 'refused', code: 'stale-epoch', detail: `the dispatch names epoch ${epoch} of ${model}; ${known}` }
  const why = held === undefined ? 'does not hold the lease' : 'is not ready'
  return { state: 'refused', code: 'not-serving', detail: `${directory.nameOf(identity.peerId)} ${why} of ${model}; ${known}` }
}
