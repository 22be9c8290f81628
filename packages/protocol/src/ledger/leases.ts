import type { PeerId } from '@infermesh/kernel'
import { attestedDataOf } from '../derive.ts'
import { type Envelope, openAs } from '../envelope.ts'
import { DecodeFailed } from '../wire/decode-failed.ts'
import { peerIdFromKey } from '../wire/peer-id.ts'
import { fromHex } from '../wire/schema.ts'
import type { LeaseRecord, ModelRecord } from './records.ts'
import { type Admission, deferred, logged, refused, type Trial } from './rules.ts'

/**
 * The first logged lease of an epoch counts; renewals of it are not logged. From here on in the log, receipts of older epochs are void.
 */
export function admitLease(trial: Trial, lease: Envelope<'lease'>): Admission {
  const { draft } = trial
  const { model: name, epoch } = lease.payload
  const model = draft.get('model', name)
  if (model === undefined) return deferred('unknown-model')
  if (model.visibility !== 'private') return refused('public-model')
  if (epoch <= (draft.get('lease', name)?.epoch ?? 0)) return refused('epoch-not-new')
  try {
    const fault = authorityFault(trial, lease, model) ?? grantsFault(trial, lease)
    if (fault !== undefined) return refused(fault)
    draft.set('lease', name, recordOf(trial, lease))
    return logged
  } catch (failure) {
    if (failure instanceof DecodeFailed) return refused('nested-envelope-does-not-open')
    throw failure
  }
}

function recordOf({ rules }: Trial, { signer, payload }: Envelope<'lease'>): LeaseRecord {
  const [delegation] = payload.delegation
  const [attestation] = payload.attestation
  return {
    epoch: payload.epoch,
    holder: signer,
    delegation: delegation === undefined ? '' : openAs('delegation', delegation, rules.sealing).id,
    attestation: attestation === undefined ? '' : openAs('attestation', attestation, rules.sealing).id,
  }
}

/** The owner needs no delegation; anybody else needs the owner's word, and the attested code that it names. */
function authorityFault(trial: Trial, lease: Envelope<'lease'>, model: ModelRecord): string | undefined {
  const [delegationBytes] = lease.payload.delegation
  const [attestationBytes] = lease.payload.attestation
  if (delegationBytes === undefined) {
    if (lease.signer !== model.owner) return 'no-delegation'
    const mustAttest = model.verifyTier === 'attestation' || attestationBytes !== undefined
    return mustAttest ? attestationFault(trial, lease, undefined) : undefined
  }
  const { id, signer, payload } = openAs('delegation', delegationBytes, trial.rules.sealing)
  if (signer !== model.owner || payload.model !== lease.payload.model) return 'not-the-owners-delegation'
  if (payload.audience !== lease.signer) return 'delegated-to-another'
  if (trial.draft.get('revoked', id) !== undefined) return 'delegation-revoked'
  if (payload.expires <= trial.time) return 'delegation-expired'
  return attestationFault(trial, lease, payload.measurement)
}

function attestationFault({ rules }: Trial, lease: Envelope<'lease'>, measurement: string | undefined): string | undefined {
  const [bytes] = lease.payload.attestation
  if (bytes === undefined) return 'no-attestation'
  const { signer, payload } = openAs('attestation', bytes, rules.sealing)
  if (signer !== peerIdFromKey(fromHex(rules.directory.genesis.attestationRoot))) return 'attestation-not-by-the-root'
  if (payload.subject !== lease.signer) return 'attestation-of-another'
  if (measurement !== undefined && payload.measurement !== measurement) return 'other-code-attested'
  const expected = attestedDataOf(rules.hash, lease.signer, lease.payload.model, lease.payload.epoch)
  return payload.userData === expected ? undefined : 'attestation-for-another-lease'
}

function grantsFault({ rules }: Trial, lease: Envelope<'lease'>): string | undefined {
  const grantors = new Set<PeerId>()
  for (const bytes of lease.payload.grants) {
    const { signer, payload } = openAs('leaseGrant', bytes, rules.sealing)
    const fits = payload.model === lease.payload.model && payload.epoch === lease.payload.epoch && payload.holder === lease.signer
    if (fits && rules.directory.has(signer, 'grantor')) grantors.add(signer)
  }
  return grantors.size >= rules.parameters.lease.quorum ? undefined : 'too-few-grants'
}
