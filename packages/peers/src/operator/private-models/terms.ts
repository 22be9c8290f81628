import type { Millis } from '@infermesh/kernel'
import type { Duty, DutyContext } from './duty.ts'
import type { HeldLease, LeaseTerms } from './lease-keeper.ts'

/** Who this peer is to the model now: the owner, a standby with a standing right, or (`undefined`) nobody. */
export function termsOf({ model, owner }: Duty, { book, services }: DutyContext, now: Millis): LeaseTerms | undefined {
  const { peerId } = services.identity
  const manifest = book.get(model)?.manifest
  if (manifest === undefined || manifest.signer !== owner) return undefined
  if (owner === peerId) return { manifest }
  const delegation = book.delegationOf(model, peerId, now)
  return delegation === undefined ? undefined : { manifest, delegation }
}

/**
 * For as long as an epoch lasts it stands on the right that it was won with, even when the owner has said the same again:
 * the log knows one lease for each epoch, and receipts name the attestation in it.
 */
export function renewalTerms(duty: Duty, context: DutyContext, held: HeldLease, now: Millis): LeaseTerms | undefined {
  const terms = termsOf(duty, context, now)
  const { delegation } = held
  return terms !== undefined && delegation !== undefined && context.book.stands(delegation, now) ? { ...terms, delegation } : terms
}
