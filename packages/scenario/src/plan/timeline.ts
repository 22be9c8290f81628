import { type Millis, randomFrom } from '@infermesh/kernel'
import type { Scenario, ScenarioFault } from '../resolve.ts'
import { type Arrival, arrivalsOf, type TraceRow } from './arrivals.ts'

/** What a world is told to do, and when. */
export type Action =
  | { readonly at: Millis; readonly type: 'submit'; readonly arrival: Arrival }
  | { readonly at: Millis; readonly type: 'fault'; readonly fault: ScenarioFault }

/** How long after the last thing in the timeline answers and settlement may still take. */
const DRAIN: Millis = 30_000

/** Everything that happens to the network in a run, in order of time. Equal seed, equal timeline. `traces` by index of the load entry. */
export function timelineOf(scenario: Scenario, traces: ReadonlyMap<number, readonly TraceRow[]> = new Map()): Action[] {
  const random = randomFrom(scenario.seed).fork('load')
  const submits = scenario.load.flatMap((load, index) =>
    arrivalsOf(load, index, random.fork(String(index)), traces.get(index)).map(
      (arrival): Action => ({ at: arrival.at, type: 'submit', arrival }),
    ),
  )
  const faults = scenario.faults.flatMap(withHealing).map((fault): Action => ({ at: fault.at, type: 'fault', fault }))
  return [...submits, ...faults].sort((left, right) => left.at - right.at)
}

function withHealing(fault: ScenarioFault): readonly ScenarioFault[] {
  if (fault.lasting === undefined) return [fault]
  return [fault, { at: fault.at + fault.lasting, kind: 'resume', peer: fault.peer }]
}

/** When the run is stopped at the latest. */
export function endOf(scenario: Scenario, timeline: readonly Action[]): Millis {
  const rules = scenario.parameters.settlement ?? {}
  const settle = (rules.challengeWindow ?? 60_000) + (rules.batch?.idle ?? 300_000)
  return scenario.until ?? (timeline.at(-1)?.at ?? 0) + settle + DRAIN
}
