import { assert, type Millis, type PeerId, type Random } from '@infermesh/kernel'

/** Which gateway a request goes to. One that failed lately is left alone while another is left, and one that lied for longer. */
export class GatewayChoice {
  readonly #gateways: readonly PeerId[]
  readonly #random: Random
  readonly #avoidUntil = new Map<PeerId, Millis>()

  constructor(gateways: readonly PeerId[], random: Random) {
    assert(gateways.length > 0, 'a client needs at least one gateway')
    this.#gateways = gateways
    this.#random = random
  }

  all(): readonly PeerId[] {
    return this.#gateways
  }

  failed(gateway: PeerId, now: Millis): void {
    this.#avoid(gateway, now + AVOID_FOR)
  }

  /** It brought what nobody signed. */
  lied(gateway: PeerId, now: Millis): void {
    this.#avoid(gateway, now + DISTRUST_FOR)
  }

  /** The one after `previous`, or a drawn one; none of `except`, unless no other is there. */
  next(previous: PeerId | undefined, now: Millis, except: ReadonlySet<PeerId> = NOBODY): PeerId {
    const count = this.#gateways.length
    const start = previous === undefined ? this.#random.below(count) : this.#gateways.indexOf(previous) + 1
    const ordered = this.#gateways.map((_, step) => this.#gateways[(start + step) % count] ?? '')
    const open = ordered.filter((gateway) => !except.has(gateway))
    return open.find((gateway) => (this.#avoidUntil.get(gateway) ?? 0) <= now) ?? open[0] ?? ordered[0] ?? ''
  }

  #avoid(gateway: PeerId, until: Millis): void {
    this.#avoidUntil.set(gateway, Math.max(until, this.#avoidUntil.get(gateway) ?? 0))
  }
}

const NOBODY: ReadonlySet<PeerId> = new Set()
const AVOID_FOR: Millis = 3_000
const DISTRUST_FOR: Millis = 600_000
