import type { Millis, PeerId } from '@infermesh/kernel'

export interface RoundResult {
  /** The highest epoch that a denial named. */
  readonly maxEpoch: number
  /** How long until so many grantors as are needed could grant, as they say. */
  readonly retryAfter: Millis
  /** Some grantor answered. */
  readonly heard: boolean
  /** The right itself was denied, not the moment. */
  readonly unauthorized: boolean
}

interface Denial {
  readonly code: string
  readonly maxEpoch: number
  readonly retryAfter: Millis
}

/** One question to all grantors: done once the quorum is there, or can't be reached any more. */
export class GrantRound {
  readonly number: number
  readonly epoch: number
  readonly askedAt: Millis
  readonly #grantors: number
  readonly #quorum: number
  readonly #grants = new Map<PeerId, Uint8Array>()
  readonly #denials = new Map<PeerId, Denial>()
  #failures = 0

  constructor(
    question: { readonly number: number; readonly epoch: number; readonly askedAt: Millis },
    size: { readonly grantors: number; readonly quorum: number },
  ) {
    this.number = question.number
    this.epoch = question.epoch
    this.askedAt = question.askedAt
    this.#grantors = size.grantors
    this.#quorum = size.quorum
  }

  grant(grantor: PeerId, raw: Uint8Array): void {
    this.#grants.set(grantor, raw)
  }

  deny(grantor: PeerId, denial: Denial): void {
    this.#denials.set(grantor, denial)
  }

  fail(): void {
    this.#failures++
  }

  /** Enough grants for a lease, in the order in which they came. */
  grants(): readonly Uint8Array[] | undefined {
    return this.#grants.size < this.#quorum ? undefined : [...this.#grants.values()].slice(0, this.#quorum)
  }

  granted(): readonly PeerId[] {
    return [...this.#grants.keys()]
  }

  isHopeless(): boolean {
    return this.#grantors - this.#denials.size - this.#failures < this.#quorum
  }

  result(): RoundResult {
    const denials = [...this.#denials.values()]
    const waits = [...this.granted().map(() => 0), ...denials.map((denial) => denial.retryAfter)].sort((left, right) => left - right)
    return {
      maxEpoch: Math.max(0, ...denials.map((denial) => denial.maxEpoch)),
      retryAfter: waits[this.#quorum - 1] ?? 0,
      heard: waits.length > 0,
      unauthorized: denials.filter((denial) => denial.code === 'not-authorized').length > this.#grantors - this.#quorum,
    }
  }
}
