import type { PeerId } from '@infermesh/kernel'
import type { ErrorCode } from '@infermesh/protocol'

/** Why a gateway is not asked again for a request. */
export interface Objection {
  readonly code: string
  readonly detail: string
  readonly retryAfterMs?: number
}

/**
 * What the gateways said to one request. A refusal carries no proof, so one gateway's word ends a request only when the others were
 * asked too, as far as they can be reached.
 */
export class Attempts {
  readonly #gateways: readonly PeerId[]
  readonly #objections = new Map<PeerId, Objection>()
  #count = 0

  constructor(gateways: readonly PeerId[]) {
    this.#gateways = gateways
  }

  sent(): number {
    return ++this.#count
  }

  count(): number {
    return this.#count
  }

  /** Whole rounds over all gateways. */
  rounds(): number {
    return Math.floor(this.#count / this.#gateways.length)
  }

  object(gateway: PeerId, objection: Objection): void {
    this.#objections.set(gateway, objection)
  }

  objectors(): ReadonlySet<PeerId> {
    return new Set(this.#objections.keys())
  }

  /** Whether the last objection ends the request. What the client knows to be wrong does not, while another gateway may know better. */
  isFinal({ code }: Objection): boolean {
    if (this.#gateways.every((gateway) => this.#objections.has(gateway))) return true
    return !doubtful.includes(code) && this.#count >= this.#gateways.length
  }

  /** Why there is no answer: a lie before all else, and a refusal that can't be true only where nothing else was said. */
  explain(last: Objection): Objection {
    const said = [...this.#objections.values()]
    const lie = said.find(({ code }) => code === TAMPERED)
    if (lie !== undefined) return lie
    return doubtful.includes(last.code) ? (said.findLast(({ code }) => !doubtful.includes(code)) ?? last) : last
  }
}

const TAMPERED = 'answer-tampered' satisfies ErrorCode

/** The client made the request itself and knows it to be well formed: whoever finds it bad changed it, or was given another. */
const doubtful: readonly string[] = ['bad-request', TAMPERED] satisfies readonly ErrorCode[]
