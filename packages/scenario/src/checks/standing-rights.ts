import type { NetworkEvent } from '@infermesh/protocol'
import { type CheckFactory, checkOver } from './check.ts'

type Logged = Extract<NetworkEvent, { readonly type: 'entryLogged' }>

export const standingRights: CheckFactory = () => {
  /** By settler, as for epochs: the log's order is the same for all. */
  const rights = new Map<string, string>()
  const revoked = new Set<string>()
  const unfounded = new Map<string, string>()
  const note = (peer: string, { kind, entry, model, delegation }: Logged): void => {
    const right = rights.get(`${peer}/${model}`) ?? ''
    if (kind === 'lease') rights.set(`${peer}/${model}`, delegation ?? '')
    if (kind === 'revocation') revoked.add(`${peer}/${delegation}`)
    if (kind === 'receipt' && right !== '' && revoked.has(`${peer}/${right}`)) unfounded.set(entry, right)
  }
  return checkOver(['entryLogged', 'leafSettled'], {
    name: 'I15',
    title: 'no leaf pays work under a delegation that was revoked before it in the log',
    observe({ event, peer }) {
      if (event.type === 'entryLogged') note(peer, event)
      if (event.type !== 'leafSettled') return undefined
      const right = unfounded.get(event.receipt)
      return right === undefined
        ? undefined
        : `leaf of request ${event.requestId} pays receipt ${event.receipt}, logged after the revocation of delegation ${right}`
    },
  })
}
