import type { Millis } from '@infermesh/kernel'
import type { Action, Scenario, TraceRow } from '@infermesh/scenario'
import type { OrderOptions } from '../hunt/quiet-order.ts'
import { type NetworkPlan, planNetwork } from '../network/network-plan.ts'
import { UserError } from '../user-error.ts'
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

  /** The run to make, and how: told what is new, or with the same restarts alone. */
  run(isTold: boolean): { readonly scenario: Scenario; readonly options: Pick<OrderOptions, 'traces' | 'timeline' | 'told'> } {
    const { before, after, from } = this.#options
    const timeline = futureTimeline({ before, after: isTold ? after : before }, from, this.#traces)
    const configs = new Map(this.#plan.peers.filter(({ name }) => this.moved.includes(name)).map(({ name, config }) => [name, config]))
    return {
      scenario: { ...(isTold ? after : before), peers: before.peers },
      options: { traces: this.#traces, timeline: this.#withRestarts(timeline), ...(isTold ? { told: { from, configs } } : {}) },
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
