import type { Millis, PeerId } from '@infermesh/kernel'
import type { Parameters } from '@infermesh/protocol'
import type { PeerWatch } from '../../detection/peer-watch.ts'
import { grantorWait } from '../../grantor/authority/lease-clock.ts'
import type { LeaseSeen, ModelBook } from '../../grantor/authority/model-book.ts'

export interface Situation {
  readonly model: string
  readonly owner: PeerId
  readonly me: PeerId
  readonly book: ModelBook
  readonly watch: PeerWatch
  readonly parameters: Parameters
  /** Since when this peer could have heard of a lease. */
  readonly since: Millis
}

export interface Loss {
  readonly suspect: PeerId
  /** From then on the model counts as without a holder. */
  readonly dueAt: Millis
  readonly reason: 'released' | 'silent' | 'lapsed'
}

/** Whom a candidate should replace, and when. Suspicion only lets it ask; the grantors' clocks decide. */
export function lossOf({ model, owner, me, book, watch, parameters, since }: Situation): Loss {
  const lease = book.get(model)?.lease
  const lapse = grantorWait(parameters.lease)
  if (lease === undefined) return { suspect: owner, dueAt: since + lapse, reason: 'lapsed' }
  if (lease.released) return { suspect: lease.holder, dueAt: 0, reason: 'released' }
  const lapsesAt = lease.seenAt + lapse
  const silentAt = lease.holder === me ? undefined : silenceOf(lease, watch)
  if (silentAt !== undefined && silentAt < lapsesAt) return { suspect: lease.holder, dueAt: silentAt, reason: 'silent' }
  return { suspect: lease.holder, dueAt: lapsesAt, reason: 'lapsed' }
}

const silenceOf = ({ holder }: LeaseSeen, watch: PeerWatch): Millis | undefined => watch.lostAt(holder)

/**
 * How many better candidates live: the owner goes first, then standbys by the owner's priority. Those that could not serve, or
 * that are gone themselves, are passed over.
 */
export function rankOf(situation: Situation, suspect: PeerId, now: Millis): number {
  const { model, owner, me, book, watch } = situation
  const candidates = [owner, ...book.standbys(model, now).map((delegation) => delegation.payload.audience)]
  const better = candidates.slice(0, Math.max(0, candidates.indexOf(me)))
  return better.filter((peer) => {
    if (peer === suspect || watch.presence(peer, now) !== 'alive') return false
    const state = watch.standing(peer, model)?.state
    return peer === owner || (state !== undefined && state !== 'cold')
  }).length
}
