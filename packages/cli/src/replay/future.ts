import type { Millis } from '@infermesh/kernel'
import type { Action, NetworkRecord, Scenario, TraceRow } from '@infermesh/scenario'
import { VirtualRun } from '../hunt/virtual-run.ts'
import { type NetworkPlan, planNetwork } from '../network/network-plan.ts'
import { UserError } from '../user-error.ts'
import type { Alteration } from '../worlds/virtual-network.ts'
import { futureTimeline } from './future-timeline.ts'

export type Traces = ReadonlyMap<number, readonly TraceRow[]>

export interface FutureOptions {
  readonly before: Scenario
  readonly after: Scenario
  readonly from: Millis
}

/** What may change while a network runs. The rest is its genesis. */
const CHANGEABLE: ReadonlySet<string> = new Set(['peers', 'faults', 'commands', 'load', 'expect', 'limits', 'until'])

/** The same past, and from an instant on what another scenario says. Peers whose policy changes are restarted with the new one. */
export class Future {
  /** Names of the peers that are told something new. */
  readonly moved: readonly string[]
  readonly #options: FutureOptions
  readonly #traces: Traces
  readonly #plan: NetworkPlan

  constructor(options: FutureOptions, traces: Traces) {
    const { before, after } = options
    const fixed = Object.keys({ ...before, ...after }).filter(
      (key) => !CHANGEABLE.has(key) && !isEqual(partOf(before, key), partOf(after, key)),
    )
    if (fixed.length > 0)
      throw new UserError(
        `--set with --until: expected a change of ${[...CHANGEABLE].join(', ')}, found one of ${fixed.join(', ')}: what a network starts with changes without --until`,
      )
    this.#options = options
    this.#traces = traces
    this.#plan = planNetwork(after)
    const was = new Map(before.peers.map((peer) => [peer.name, peer]))
    this.moved = after.peers.filter((peer) => !isEqual(peer, was.get(peer.name))).map(({ name }) => name)
  }

  run(isTold: boolean, onRecord: (record: NetworkRecord) => void): VirtualRun {
    const { before, after, from } = this.#options
    const timeline = futureTimeline({ before, after: isTold ? after : before }, from, this.#traces)
    const scenario: Scenario = { ...(isTold ? after : before), peers: before.peers }
    const run: VirtualRun = new VirtualRun(scenario, {
      onRecord,
      traces: this.#traces,
      timeline: this.#withRestarts(timeline),
      ...(isTold ? { alter: this.#teller(() => run.messages.world.now()) } : {}),
    })
    return run
  }

  #teller(now: () => Millis): Alteration {
    const told = new Map(this.#plan.peers.filter(({ name }) => this.moved.includes(name)).map(({ name, config }) => [name, config]))
    return ({ name }, builder) => {
      const config = now() < this.#options.from ? undefined : told.get(name)
      return config === undefined ? builder.make() : builder.make({ config })
    }
  }

  #withRestarts(timeline: readonly Action[]): readonly Action[] {
    if (this.moved.length === 0) return timeline
    const { from: at } = this.#options
    const first = timeline.findIndex((action) => action.at >= at)
    const place = first < 0 ? timeline.length : first
    const restart: readonly Action[] = [
      { at, type: 'apply', fault: { kind: 'crash', peers: this.moved, at } },
      { at, type: 'apply', fault: { kind: 'restart', peers: this.moved, wipe: false, at } },
    ]
    return [...timeline.slice(0, place), ...restart, ...timeline.slice(place)]
  }
}

const partOf = (scenario: Scenario, key: string): unknown => Reflect.get(scenario, key)
const isEqual = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)
