import type { PeerId } from '@infermesh/kernel'
import type { Envelope } from '@infermesh/protocol'
import { attestationFault, type CheckServices, delegationFault, openNested } from './credentials.ts'

/** What a lease envelope proves: a quorum of grantors promised this epoch to its signer. */
export interface LeaseProof {
  readonly holder: PeerId
  readonly epoch: number
  readonly delegation?: Envelope<'delegation'>
  readonly attestation?: Envelope<'attestation'>
}

export type LeaseVerdict = { readonly state: 'proven'; readonly proof: LeaseProof } | { readonly state: 'faulty'; readonly reason: string }

const faulty = (reason: string): LeaseVerdict => ({ state: 'faulty', reason })

/** Checks a lease by its bytes alone, but for expiry and revocation, which depend on who reads it and when. */
export function checkLease(lease: Envelope<'lease'>, owner: PeerId, services: CheckServices): LeaseVerdict {
  const { payload, signer: holder } = lease
  const { model, epoch } = payload
  const { quorum } = services.directory.genesis.parameters.lease
  const granted = countGrants(lease, services)
  if (granted < quorum) return faulty(`expected ${quorum} grants, found ${granted} valid ones`)
  const delegation = openNested('delegation', payload.delegation[0], services)
  const attestation = openNested('attestation', payload.attestation[0], services)
  if (holder !== owner) {
    if (delegation === undefined || attestation === undefined) return faulty('expected a delegation and an attestation from a standby')
    const fault = delegationFault(delegation, { model, owner, audience: holder }, delegation.payload.notBefore)
    if (fault !== undefined) return faulty(fault)
  }
  if (attestation !== undefined) {
    const claim = { subject: holder, model, epoch, ...(holder === owner || delegation === undefined ? {} : { delegation }) }
    const fault = attestationFault(attestation, claim, services)
    if (fault !== undefined) return faulty(fault)
  }
  const proof = {
    holder,
    epoch,
    ...(delegation === undefined ? {} : { delegation }),
    ...(attestation === undefined ? {} : { attestation }),
  }
  return { state: 'proven', proof }
}

/** Distinct grantors whose grants say exactly this. */
function countGrants(lease: Envelope<'lease'>, services: CheckServices): number {
  const { model, epoch, grants } = lease.payload
  const grantors = new Set<PeerId>()
  for (const raw of grants) {
    const grant = openNested('leaseGrant', raw, services)
    if (grant === undefined || !services.directory.has(grant.signer, 'grantor')) continue
    const { payload } = grant
    if (payload.model === model && payload.epoch === epoch && payload.holder === lease.signer) grantors.add(grant.signer)
  }
  return grantors.size
}
