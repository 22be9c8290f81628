import type { Millis, PeerId, Random } from '@infermesh/kernel'
import { constantLatency, lognormalLatency } from '@infermesh/sim'

/** How long links are, as plain data. Each pair of peers has its own length, the same one as in the virtual worlds. */
export interface LatencyRule {
  /** Half of all links are shorter, in ms. */
  readonly median: Millis
  /** One link in a hundred is longer, in ms. */
  readonly p99: Millis
  readonly seed: string | number
  /** Every peer, in the order of the plan; links to others take no time. */
  readonly order: readonly PeerId[]
}

/** Draws how long something is under way from one peer to another. */
export function latencyFrom(self: PeerId, rule: LatencyRule, random: Random): (to: PeerId) => Millis {
  const { median, p99, seed } = rule
  const places = new Map(rule.order.map((peer, index) => [peer, index]))
  const from = places.get(self)
  const model = p99 === median ? constantLatency(median) : lognormalLatency({ median, p99, seed })
  return (to) => {
    const place = places.get(to)
    return from === undefined || place === undefined ? 0 : model.delay(from, place, random)
  }
}
