import type { Random } from '@infermesh/kernel'
import { BREAK, DROP, type LinkModel, RuleSet, type Transit } from '@infermesh/sim'
import type { VirtualClock } from '../clock/virtual-clock.ts'
import type { Pipe } from './pipe.ts'
import type { Station } from './station.ts'

export interface VirtualNetworkInit {
  readonly clock: VirtualClock
  readonly latency: LinkModel
  readonly random: Random
  /** Silence after which a connection that a fault holds up counts as broken, in ms. */
  readonly keepAliveMs: number
  /** Round trips before a new connection carries anything. */
  readonly dialRoundTrips: number
  /** Bytes that may wait at an uplink before its senders are told to pause. */
  readonly queueBytes: number
}

/** Instead of an arrival time: a rule holds it back, or breaks the connection. */
export const HELD = DROP
export const RESET = BREAK

/** All links between the peers of a world: when what is sent arrives. Nothing is stored for links that carry nothing. */
export class VirtualNetwork {
  readonly clock: VirtualClock
  readonly keepAliveMs: number
  readonly dialRoundTrips: number
  readonly queueBytes: number
  readonly rules: RuleSet
  readonly #stations = new Map<string, Station>()
  readonly #latency: LinkModel
  readonly #held = new Set<Pipe>()

  constructor(init: VirtualNetworkInit) {
    this.clock = init.clock
    this.keepAliveMs = init.keepAliveMs
    this.dialRoundTrips = init.dialRoundTrips
    this.queueBytes = init.queueBytes
    this.#latency = init.latency
    this.rules = new RuleSet(init.random.fork('rules'), () => this.#release())
  }

  add(station: Station): void {
    this.#stations.set(station.name, station)
  }

  station(name: string): Station | undefined {
    return this.#stations.get(name)
  }

  /** The link's own delay in ms. */
  delay(from: Station, to: Station): number {
    return this.#latency.delay(from.index, to.index, from.random)
  }

  /** When something sent now arrives, or one of `HELD` and `RESET`. The receiver's downlink comes on top. */
  transit(from: Station, to: Station, bytes: number): number {
    if (this.rules.isEmpty()) return this.arrival(from, to, bytes)
    const extra = this.judge(from, to, { channel: 'stream', bytes })
    return extra < 0 ? extra : this.arrival(from, to, bytes) + extra
  }

  /** Extra delay in ms, or one of `HELD` and `RESET`. */
  judge(from: Station, to: Station, { channel, bytes }: Pick<Transit, 'channel' | 'bytes'>): number {
    const { rules, clock } = this
    return rules.judge({ from: from.name, to: to.name, channel, bytes, now: Math.floor(clock.now), random: rules.random })
  }

  /** When something sent now arrives if no rule speaks against it. */
  arrival(from: Station, to: Station, bytes: number): number {
    const { clock } = this
    const leaves = from.owner === undefined ? clock.now : clock.effective(from.owner)
    return leaves + from.up.occupy(bytes, clock.now) + this.delay(from, to)
  }

  /** A pipe holds something back until a rule goes. */
  hold(pipe: Pipe): void {
    this.#held.add(pipe)
  }

  #release(): void {
    for (const pipe of [...this.#held]) if (!pipe.release()) this.#held.delete(pipe)
  }
}
