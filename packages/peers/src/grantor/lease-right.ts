import type { Millis, PeerId } from '@infermesh/kernel'
import type { MessageOf } from '@infermesh/protocol'
import { attestationFault, type CheckServices, delegationFault, isPrivateManifest, openNested } from './authority/credentials.ts'
import type { RevocationBook } from './authority/revocation-book.ts'

export interface RightContext {
  readonly services: CheckServices
  readonly revocations: RevocationBook
  readonly now: Millis
}

export type Right = { readonly state: 'proven'; readonly owner: PeerId } | { readonly state: 'faulty'; readonly reason: string }

const faulty = (reason: string): Right => ({ state: 'faulty', reason })

/** Whether the asking peer may hold this model's lease at all. Asked anew at each renewal, so that a revocation ends a lease. */
export function leaseRight(holder: PeerId, ask: MessageOf<'AskLease'>, { services, revocations, now }: RightContext): Right {
  const { model, epoch } = ask
  const manifest = openNested('manifest', ask.manifest, services)
  if (manifest === undefined || manifest.payload.model !== model || !isPrivateManifest(manifest, services.directory)) {
    return faulty(`expected a private manifest of ${model}, signed by an operator`)
  }
  const owner = manifest.signer
  if (holder === owner) return { state: 'proven', owner }
  const delegation = openNested('delegation', ask.delegation[0], services)
  if (delegation === undefined) return faulty("expected the owner's delegation")
  const fault = delegationFault(delegation, { model, owner, audience: holder }, now)
  if (fault !== undefined) return faulty(fault)
  if (revocations.revoked(delegation)) return faulty('the delegation is revoked')
  const attestation = openNested('attestation', ask.attestation[0], services)
  if (attestation === undefined) return faulty('expected an attestation')
  const unattested = attestationFault(attestation, { subject: holder, model, epoch, delegation }, services)
  return unattested === undefined ? { state: 'proven', owner } : faulty(unattested)
}
