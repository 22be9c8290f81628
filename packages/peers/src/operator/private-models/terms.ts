import type { Millis } from '@infermesh/kernel'
import type { Duty, DutyContext } from './duty.ts'
import type { LeaseTerms } from './lease-keeper.ts'

/** Who this peer is to the model now: the owner, a standby with a standing right, or (`undefined`) nobody. */
export function termsOf({ model, owner }: Duty, { book, services }: DutyContext, now: Millis): LeaseTerms | undefined {
  const { peerId } = services.identity
  const manifest = book.get(model)?.manifest
  if (manifest === undefined || manifest.signer !== owner) return undefined
  if (owner === peerId) return { manifest }
  const delegation = book.delegationOf(model, peerId, now)
  return delegation === undefined ? undefined : { manifest, delegation }
}
