import type { Millis, PeerId } from '@infermesh/kernel'
import {
  attestedDataOf,
  DecodeFailed,
  type Directory,
  type Envelope,
  fromHex,
  openAs,
  type PeerServices,
  publicKeyOf,
  type SealingContext,
  type StatementType,
  sameBytes,
  toHex,
} from '@infermesh/protocol'

export type CheckServices = Pick<PeerServices, 'directory' | 'crypto'>

export const sealingOf = ({ directory, crypto }: CheckServices): SealingContext => ({ networkId: directory.genesis.networkId, crypto })

/** `undefined` when the bytes are no such statement, or its signature is wrong: the sender's fault. */
export function openNested<K extends StatementType>(
  type: K,
  raw: Uint8Array | undefined,
  services: CheckServices,
): Envelope<K> | undefined {
  if (raw === undefined) return undefined
  try {
    return openAs(type, raw, sealingOf(services))
  } catch (failure) {
    if (failure instanceof DecodeFailed) return undefined
    throw failure
  }
}

/** A private model's manifest shows its owner: the operator that signed it. */
export const isPrivateManifest = (manifest: Envelope<'manifest'>, directory: Directory): boolean =>
  manifest.payload.visibility === 'private' && directory.has(manifest.signer, 'operator')

export interface DelegationClaim {
  readonly model: string
  readonly owner: PeerId
  readonly audience: PeerId
}

/** Why this delegation gives no right now; `undefined` when it does. Revocation is the caller's to check. */
export function delegationFault(delegation: Envelope<'delegation'>, claim: DelegationClaim, now: Millis): string | undefined {
  const { payload, signer } = delegation
  if (signer !== claim.owner) return 'the delegation is not signed by the owner'
  if (payload.model !== claim.model) return `the delegation is for ${payload.model}`
  if (payload.audience !== claim.audience) return 'the delegation names another peer'
  if (now < payload.notBefore) return `the delegation starts in ${payload.notBefore - now} ms`
  if (now >= payload.expires) return `the delegation expired ${now - payload.expires} ms ago`
  return undefined
}

export interface AttestationClaim {
  readonly subject: PeerId
  readonly model: string
  readonly epoch: number
  /** Absent for an owner, who answers for its own code. */
  readonly delegation?: Envelope<'delegation'>
}

/** Why this attestation does not show the delegated code under this epoch; `undefined` when it does. */
export function attestationFault(
  attestation: Envelope<'attestation'>,
  claim: AttestationClaim,
  { directory, crypto }: CheckServices,
): string | undefined {
  const { payload, signer } = attestation
  if (toHex(publicKeyOf(signer)) !== directory.genesis.attestationRoot) return 'the attestation is not signed by the attestation root'
  if (payload.subject !== claim.subject) return 'the attestation is about another peer'
  if (payload.userData !== attestedDataOf(crypto.hash, claim.subject, claim.model, claim.epoch))
    return 'the attestation binds another model or epoch'
  if (claim.delegation === undefined) return undefined
  if (payload.measurement !== claim.delegation.payload.measurement) return 'the attested code is not the delegated one'
  if (!sameBytes(payload.nonce, attestationNonce(claim.delegation))) return 'the attestation was not made for this delegation'
  return undefined
}

/** An attestation answers the delegation's own nonce, so that it can't be made before the owner delegated. */
export const attestationNonce = (delegation: Envelope<'delegation'> | undefined): Uint8Array =>
  delegation === undefined ? new Uint8Array(0) : fromHex(delegation.payload.nonce)
