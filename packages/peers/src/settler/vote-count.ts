import type { PeerId } from '@infermesh/kernel'

export type VoteKind = 'prevote' | 'precommit'

/** A vote for a block, or for none (`NIL`). */
export interface Ballot {
  readonly signer: PeerId
  readonly kind: VoteKind
  readonly round: number
  readonly blockId: string
}

/** Stands for "no block" in a vote: 32 zero bytes. */
export const NIL = '0'.repeat(64)

/** The votes of one height. A settler's first word on each question counts. */
export class VoteCount {
  /** By kind and round, then by signer. */
  readonly #votes = new Map<string, Map<PeerId, string>>()
  /** The latest round each settler was heard in. */
  readonly #heardIn = new Map<PeerId, number>()

  /** False when this settler has spoken on this before. */
  add({ signer, kind, round, blockId }: Ballot): boolean {
    this.heard(signer, round)
    const votes = this.#of(kind, round)
    if (votes.has(signer)) return false
    votes.set(signer, blockId)
    return true
  }

  /** A settler is in this round: a vote or a proposal says so. */
  heard(signer: PeerId, round: number): void {
    this.#heardIn.set(signer, Math.max(round, this.#heardIn.get(signer) ?? 0))
  }

  count(kind: VoteKind, round: number, blockId?: string): number {
    const votes = this.#votes.get(`${kind}/${round}`)
    if (votes === undefined) return 0
    return blockId === undefined ? votes.size : [...votes.values()].filter((voted) => voted === blockId).length
  }

  /** The latest round that at least `count` settlers have reached. */
  reachedBy(count: number): number {
    const rounds = [...this.#heardIn.values()].sort((left, right) => right - left)
    return rounds[count - 1] ?? 0
  }

  #of(kind: VoteKind, round: number): Map<PeerId, string> {
    const key = `${kind}/${round}`
    const votes = this.#votes.get(key) ?? new Map<PeerId, string>()
    this.#votes.set(key, votes)
    return votes
  }
}
