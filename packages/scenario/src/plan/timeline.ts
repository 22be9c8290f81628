import { type Millis, type Random, randomFrom } from '@infermesh/kernel'
import type { Scenario } from '../resolve.ts'
import type { ScenarioCommand } from '../schema/commands.ts'
import type { ScenarioFault } from '../schema/faults/resolved.ts'
import { type Arrival, arrivalsOf, type TraceRow } from './arrivals.ts'
import { exponential } from './draws.ts'

/** What a world is told to do, and when. A fault is applied, and healed later unless it is instant or lasting. */
export type Action =
  | { readonly at: Millis; readonly type: 'submit'; readonly arrival: Arrival }
  | { readonly at: Millis; readonly type: 'apply' | 'heal'; readonly fault: ScenarioFault }
  | { readonly at: Millis; readonly type: 'command'; readonly command: ScenarioCommand }

/** How long after the last thing in the timeline answers and settlement may still take. */
const DRAIN: Millis = 30_000

/** Everything that happens to the network in a run, in order of time. Equal seed, equal timeline. `traces` by index of the load entry. */
export function timelineOf(scenario: Scenario, traces: ReadonlyMap<number, readonly TraceRow[]> = new Map()): Action[] {
  const random = randomFrom(scenario.seed).fork('load')
  const submits = scenario.load.flatMap((load, index) => submitsOf(arrivalsOf(load, index, random.fork(String(index)), traces.get(index))))
  const extra = randomFrom(scenario.seed).fork('faults')
  const faults = scenario.faults.flatMap((fault, index) => actionsOf(fault, scenario, extra.fork(String(index))))
  const commands = scenario.commands.map((command): Action => ({ at: command.at, type: 'command', command }))
  return [...submits, ...faults, ...commands].sort((left, right) => left.at - right.at)
}

const submitsOf = (arrivals: readonly Arrival[]): Action[] => arrivals.map((arrival) => ({ at: arrival.at, type: 'submit', arrival }))

function actionsOf(fault: ScenarioFault, scenario: Scenario, random: Random): Action[] {
  const own: Action[] = [{ at: fault.at, type: 'apply', fault }]
  if (fault.until !== undefined) own.push({ at: fault.until, type: 'heal', fault })
  if (fault.kind === 'churn') return [...own, ...crashesOf(fault, scenario, random).flatMap((crash) => actionsOf(crash, scenario, random))]
  if (fault.kind === 'overload') return [...own, ...submitsOf(overloadArrivals(fault, scenario, random))]
  return own
}

/** Churn is crashes at random moments (Poisson), of members that are up, each with its own return. */
function crashesOf(fault: Extract<ScenarioFault, { readonly kind: 'churn' }>, scenario: Scenario, random: Random): ScenarioFault[] {
  // Churn that never heals goes on as long as there is load.
  const end = fault.until ?? Math.max(fault.at, ...scenario.load.map((load) => load.until))
  const back = new Map<string, Millis>()
  const crashes: ScenarioFault[] = []
  for (let at = fault.at; ; ) {
    at += exponential(random, 1_000 / fault.perSecond)
    if (at >= end) return crashes
    const up = fault.peers.filter((peer) => (back.get(peer) ?? 0) <= at)
    const peer = up[random.below(up.length)]
    if (peer === undefined) continue
    const until = Math.round(at + fault.down)
    back.set(peer, until + 1)
    crashes.push({ kind: 'crash', peers: [peer], at: Math.round(at), until })
  }
}

function overloadArrivals(
  fault: Extract<ScenarioFault, { readonly kind: 'overload' }>,
  scenario: Scenario,
  random: Random,
): readonly Arrival[] {
  const index = scenario.load.findIndex((load) => load.model === fault.model)
  const load = scenario.load[index]
  const until = fault.until ?? load?.until ?? fault.at
  if (load === undefined || until <= fault.at) return []
  const { trace: _trace, like: _like, ...rest } = load
  const { perSecond: rate, prompt, answer, at: from } = fault
  return arrivalsOf({ ...rest, rate, prompt, answer, from, until }, index, random)
}

/** When the run is stopped at the latest. */
export function endOf(scenario: Scenario, timeline: readonly Action[]): Millis {
  const rules = scenario.parameters.settlement ?? {}
  const settle = (rules.challengeWindow ?? 60_000) + (rules.batch?.idle ?? 300_000)
  const turns = scenario.load.flatMap((load) => (load.sessions === undefined ? [] : [load.until + (load.deadline ?? 0)]))
  return scenario.until ?? Math.max(timeline.at(-1)?.at ?? 0, ...turns) + settle + DRAIN
}
