import { type Action, endOf, type NetworkRecord, RunObserver, type Scenario, type TraceRow, timelineOf } from '@infermesh/scenario'
import { liarIds } from '../faults/liar-ids.ts'
import { planNetwork } from '../network/network-plan.ts'
import { worldCryptography } from '../network/world-cryptography.ts'
import type { Told } from '../worlds/virtual-network.ts'
import type { RunOrder } from '../worlds/world.ts'

export interface OrderOptions {
  readonly onRecord?: (record: NetworkRecord) => void
  readonly traces?: ReadonlyMap<number, readonly TraceRow[]>
  /** What is done to the network, where it is not what the scenario says. */
  readonly timeline?: readonly Action[]
  readonly told?: Told
}

/** A run that says nothing and writes no files: for hunts, replays and tests. */
export function quietOrder(scenario: Scenario, options: OrderOptions): RunOrder {
  const plan = planNetwork(scenario)
  const timeline = options.timeline ?? timelineOf(scenario, options.traces)
  const observer = new RunObserver(scenario, plan.genesis, { crypto: worldCryptography(scenario, plan), liars: liarIds(scenario, plan) })
  return {
    ...{ scenario, plan, timeline, observer },
    end: endOf(scenario, timeline),
    onRecord: (record) => {
      observer.observe(record)
      options.onRecord?.(record)
    },
    say: () => undefined,
    folder: '',
    signal: new AbortController().signal,
    ...(options.told === undefined ? {} : { told: options.told }),
  }
}
