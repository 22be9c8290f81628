import type { LinkChoice } from '@infermesh/scenario'
import type { FaultHost } from './fault-host.ts'

export type Pair = readonly [from: string, to: string]

export interface Sampling {
  readonly names: readonly string[]
  readonly count: number
  /** Pairs that this holds for come before others. */
  readonly isLinked?: ((from: string, to: string) => boolean) | undefined
}

/** Some of the links that are meant, to be measured: enough to be sure, few enough to cost nothing. */
export function samplePairs(links: LinkChoice, { names, count, isLinked }: Sampling): readonly Pair[] {
  const from = links.type === 'between' ? links.left : links.type === 'touching' ? links.peers : names
  const to = links.type === 'between' ? links.right : names
  const pairs = from.slice(0, PEERS_MAX).flatMap((source) =>
    to
      .filter((target) => target !== source)
      .slice(0, PEERS_MAX)
      .map((target): Pair => [source, target]),
  )
  const linked = isLinked === undefined ? [] : pairs.filter(([source, target]) => isLinked(source, target))
  return spread(linked.length > 0 ? linked : pairs, count)
}

const PEERS_MAX = 100

/** Up to `count` items, evenly out of the whole list. */
export const spread = <T>(items: readonly T[], count: number): readonly T[] =>
  items.length <= count ? items : Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)] as T)

/** Sends probes over each pair and collects what came back. `lost` counts those that didn't arrive at a live peer. */
export class ProbeSeries {
  readonly delays: number[] = []
  lost = 0
  sent = 0
  readonly #host: FaultHost
  readonly #bytes: number

  constructor(host: FaultHost, bytes = 0) {
    this.#host = host
    this.#bytes = bytes
  }

  send(pairs: readonly Pair[], times: number): this {
    for (const [from, to] of pairs) for (let time = 0; time < times; time++) this.#one(from, to)
    return this
  }

  #one(from: string, to: string): void {
    if (!this.#host.isUp(to)) return
    this.sent++
    this.#host.probe(
      from,
      to,
      (delay) => {
        if (delay !== undefined) this.delays.push(delay)
        else if (this.#host.isUp(to)) this.lost++
      },
      this.#bytes,
    )
  }

  /** The delay that nothing but the link is to blame for. */
  fastest(): number {
    return this.delays.length === 0 ? Number.NaN : Math.min(...this.delays)
  }

  median(): number {
    return [...this.delays].sort((left, right) => left - right)[Math.floor(this.delays.length / 2)] ?? Number.NaN
  }

  spreadMs(): number {
    return this.delays.length === 0 ? 0 : Math.max(...this.delays) - Math.min(...this.delays)
  }
}
