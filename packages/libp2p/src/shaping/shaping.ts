import type { Millis, PeerId, Random } from '@infermesh/kernel'
import { Line, type LineRate, RuleSet } from '@infermesh/sim'
import { Downlink } from './downlink.ts'
import type { TrueTime } from './link-control.ts'
import { PeerLink } from './peer-link.ts'

export interface ShapingInit {
  readonly self: PeerId
  readonly random: Random
  readonly clock: TrueTime
  /** Breaks every connection to a peer, soon; false when there is none. */
  readonly sever: (peer: PeerId, reason: string) => boolean
}

/** What happens to all that a host sends and takes in: rules, its line, and the way to each peer. */
export class Shaping {
  readonly rules: RuleSet
  readonly up = new Line()
  readonly down: Downlink
  latency: ((to: PeerId) => Millis) | undefined
  /** Rises whenever a rule goes: what was held may be judged again. */
  version = 0
  readonly init: ShapingInit
  readonly #links = new Map<PeerId, PeerLink>()
  readonly #onRelease = new Set<() => void>()
  #hasRate = false

  constructor(init: ShapingInit) {
    this.init = init
    this.rules = new RuleSet(init.random.fork('rules'), () => this.#release())
    this.down = new Downlink(init.clock)
  }

  /** Nothing is done to what is sent. */
  isPlain(): boolean {
    return this.rules.isEmpty() && this.latency === undefined && !this.#hasRate
  }

  of(peer: PeerId): PeerLink {
    const known = this.#links.get(peer)
    if (known !== undefined) return known
    const link = new PeerLink(this, peer)
    this.#links.set(peer, link)
    return link
  }

  setLineRate({ up, down }: LineRate): void {
    // What still waits at a line that is wide again keeps its order.
    this.#hasRate = true
    this.up.setRate(up)
    this.down.setRate(down)
  }

  /** `onRelease` is called when a rule goes, until the returned function is called. */
  watch(onRelease: () => void): () => void {
    this.#onRelease.add(onRelease)
    return () => this.#onRelease.delete(onRelease)
  }

  #release(): void {
    this.version++
    for (const notify of [...this.#onRelease]) notify()
  }
}
