import type { Envelope } from '../envelope.ts'
import { type Admission, deferred, logged, refused, type Trial } from './rules.ts'

/** A release is final: the same name with other weights or another price is another version. */
export function admitManifest({ draft, rules }: Trial, { id, signer, payload }: Envelope<'manifest'>): Admission {
  if (!rules.directory.has(signer, 'operator')) return refused('not-an-operator')
  if (draft.get('model', payload.model) !== undefined) return refused('model-exists')
  const { visibility, weightsRoot, blob, engineBuild, verifyTier, pricePromptPerMillion, priceAnswerPerMillion } = payload
  draft.set('model', payload.model, {
    owner: signer,
    manifest: id,
    visibility,
    weightsRoot,
    blob,
    engineBuild,
    verifyTier,
    pricePromptPerMillion,
    priceAnswerPerMillion,
  })
  return logged
}

/** Has no effect of its own: leases carry the delegation they stand on. It is logged so that an audit finds it. */
export function admitDelegation({ draft, rules }: Trial, { signer, payload }: Envelope<'delegation'>): Admission {
  const model = draft.get('model', payload.model)
  if (model === undefined) return deferred('unknown-model')
  if (model.owner !== signer) return refused('not-the-owner')
  return rules.directory.has(payload.audience, 'operator') ? logged : refused('audience-not-an-operator')
}

export function admitRevocation({ draft, time }: Trial, { signer, payload }: Envelope<'revocation'>): Admission {
  const model = draft.get('model', payload.model)
  if (model === undefined) return deferred('unknown-model')
  if (model.owner !== signer) return refused('not-the-owner')
  if (draft.get('revoked', payload.delegation) !== undefined) return refused('revoked-already')
  draft.set('revoked', payload.delegation, time)
  return logged
}
