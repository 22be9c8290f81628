import { assert, type Millis, type PeerId, type Random } from '@infermesh/kernel'

/** Which gateway a request goes to. One that failed lately is left alone while another is left. */
export class GatewayChoice {
  readonly #gateways: readonly PeerId[]
  readonly #random: Random
  readonly #failedAt = new Map<PeerId, Millis>()

  constructor(gateways: readonly PeerId[], random: Random) {
    assert(gateways.length > 0, 'a client needs at least one gateway')
    this.#gateways = gateways
    this.#random = random
  }

  all(): readonly PeerId[] {
    return this.#gateways
  }

  failed(gateway: PeerId, now: Millis): void {
    this.#failedAt.set(gateway, now)
  }

  /** The one after `previous`, or a drawn one. */
  next(previous: PeerId | undefined, now: Millis): PeerId {
    const count = this.#gateways.length
    const start = previous === undefined ? this.#random.below(count) : this.#gateways.indexOf(previous) + 1
    const ordered = this.#gateways.map((_, step) => this.#gateways[(start + step) % count] ?? '')
    return ordered.find((gateway) => now - (this.#failedAt.get(gateway) ?? -AVOID_FOR) >= AVOID_FOR) ?? ordered[0] ?? ''
  }
}

const AVOID_FOR: Millis = 3_000
