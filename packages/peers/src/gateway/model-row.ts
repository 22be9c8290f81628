import type { Millis } from '@infermesh/kernel'
import type { Directory, Envelope } from '@infermesh/protocol'
import type { LeaseView } from './lease-view/lease-view.ts'
import type { OperatorList } from './operator-list.ts'

/** One line of the `models` command, as JSON. Peers are named by their directory names. */
export interface ModelRow {
  readonly id: string
  readonly visibility: 'public' | 'private'
  readonly owner: string
  readonly verifyTier: string
  /** `serving`: a request would go out now. `waiting`: it would wait for a lease. `offline`: it would be refused. */
  readonly state: 'serving' | 'waiting' | 'offline'
  readonly operators: readonly string[]
  readonly pricePromptPerMillion: number
  readonly priceAnswerPerMillion: number
}

export function modelRow(
  { signer, payload }: Envelope<'manifest'>,
  { directory, leases, operators }: { readonly directory: Directory; readonly leases: LeaseView; readonly operators: OperatorList },
  now: Millis,
): ModelRow {
  const { model, visibility, verifyTier, pricePromptPerMillion, priceAnswerPerMillion } = payload
  const target = leases.target(model, now)
  const peers = target.state === 'holder' ? [target.holder] : operators.serving(model, now).map(({ peer }) => peer)
  const state = peers.length > 0 ? 'serving' : target.state === 'waiting' ? 'waiting' : 'offline'
  const names = peers.map((peer) => directory.nameOf(peer))
  return {
    id: model,
    visibility,
    owner: directory.nameOf(signer),
    verifyTier,
    state,
    operators: names,
    pricePromptPerMillion,
    priceAnswerPerMillion,
  }
}
