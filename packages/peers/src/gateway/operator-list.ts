import type { Millis, PeerId } from '@infermesh/kernel'
import type { Capacity, Envelope } from '@infermesh/protocol'
import type { Candidate } from './routing.ts'

interface Known {
  capacity: Capacity
  /** The announcer's clock, to tell late announcements. */
  at: Millis
  heardAt: Millis
  /** This gateway's own dispatches less their ends, since the announcement: it can't have counted them. */
  since: number
  isGone: boolean
}

/** What operators say of their load, corrected by what this gateway did since. */
export class OperatorList {
  readonly #staleAfter: Millis
  readonly #known = new Map<PeerId, Known>()

  constructor(staleAfter: Millis) {
    this.#staleAfter = staleAfter
  }

  hear({ signer, at, payload }: Envelope<'capacity'>, now: Millis): void {
    const known = this.#known.get(signer)
    if (known !== undefined && at < known.at) return
    this.#known.set(signer, { capacity: payload, at, heardAt: now, since: 0, isGone: false })
  }

  /** The connection broke: nothing goes there until it is heard again. */
  drop(peer: PeerId): void {
    const known = this.#known.get(peer)
    if (known !== undefined) known.isGone = true
  }

  heardAt(peer: PeerId): Millis | undefined {
    return this.#known.get(peer)?.heardAt
  }

  dispatched(peer: PeerId): void {
    const known = this.#known.get(peer)
    if (known !== undefined) known.since++
  }

  ended(peer: PeerId): void {
    const known = this.#known.get(peer)
    if (known !== undefined) known.since--
  }

  /** Who serves a public model, with its load. Old figures count less and less against the average of all. */
  serving(model: string, now: Millis): readonly Candidate[] {
    const found = [...this.#known].filter(
      ([, { capacity, isGone }]) => !isGone && capacity.models.some((entry) => entry.model === model && entry.state === 'public'),
    )
    const loads = found.map(([, known]) => loadOf(known))
    const mean = loads.reduce((sum, load) => sum + load, 0) / Math.max(1, loads.length)
    return found.map(([peer, { heardAt }], index) => {
      const trust = Math.max(0, 1 - (now - heardAt) / this.#staleAfter)
      return { peer, load: trust * (loads[index] ?? mean) + (1 - trust) * mean }
    })
  }
}

const loadOf = ({ capacity, since }: Known): number => Math.max(0, capacity.busy + capacity.queued + since) / Math.max(1, capacity.slots)
