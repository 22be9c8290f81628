import type { Millis } from '@infermesh/kernel'
import { type Action, faultText, type Scenario, type ScenarioFault, timelineOf } from '@infermesh/scenario'
import { UserError } from '../user-error.ts'
import type { Traces } from './future.ts'

type FaultAction = Extract<Action, { readonly fault: ScenarioFault }>

const isOfFault = (action: Action): action is FaultAction => 'fault' in action

/** What a run with a changed future does: as one scenario says before an instant, as another says from it on. */
export function futureTimeline(
  { before, after }: { readonly before: Scenario; readonly after: Scenario },
  from: Millis,
  traces: Traces,
): readonly Action[] {
  const [was, will] = [timelineOf(before, traces), timelineOf(after, traces)]
  const past = was.filter(({ at }) => at < from)
  const pairs = counterparts(before.faults, after.faults)
  const acting = new Set(past.flatMap((action) => (action.type === 'apply' ? [action.fault] : [])))
  const applied = new Set([...acting].flatMap((fault) => pairs.get(fault) ?? []))
  refuseLate(after.faults, { applied, from })
  const healed = new Set(past.flatMap((action) => (action.type === 'heal' ? [action.fault] : [])))
  const ends = [...acting].filter((fault) => !healed.has(fault)).flatMap((fault) => endOf(fault, { before, was, will, pairs, from }))
  const starts = new Set(will.flatMap((action) => (action.type === 'apply' && action.at >= from ? [action.fault] : [])))
  const future = will.filter((action) => (isOfFault(action) ? starts.has(action.fault) && !applied.has(action.fault) : action.at >= from))
  return [...past, ...future, ...ends].sort((left, right) => left.at - right.at)
}

interface Known {
  readonly before: Scenario
  readonly was: readonly Action[]
  readonly will: readonly Action[]
  readonly pairs: ReadonlyMap<ScenarioFault, ScenarioFault>
  readonly from: Millis
}

/** A fault that acts already ends when the changed scenario says so: at once, where it has none. */
function endOf(fault: ScenarioFault, { before, was, will, pairs, from }: Known): readonly FaultAction[] {
  const isWritten = before.faults.includes(fault)
  const other = isWritten ? pairs.get(fault) : fault
  if (other === undefined) return [{ at: from, type: 'heal', fault }]
  const end = (isWritten ? will : was).find((action) => action.type === 'heal' && action.fault === other)
  return end === undefined ? [] : [{ at: Math.max(end.at, from), type: 'heal', fault }]
}

/** Which fault of one scenario is which of the other: first those that are equal, then those of one kind, in order. */
function counterparts(before: readonly ScenarioFault[], after: readonly ScenarioFault[]): ReadonlyMap<ScenarioFault, ScenarioFault> {
  const pairs = new Map<ScenarioFault, ScenarioFault>()
  const free = new Set(after)
  const pair = (isLike: (left: ScenarioFault, right: ScenarioFault) => boolean): void => {
    for (const fault of before) {
      const other = pairs.has(fault) ? undefined : [...free].find((candidate) => isLike(fault, candidate))
      if (other === undefined) continue
      pairs.set(fault, other)
      free.delete(other)
    }
  }
  pair((left, right) => JSON.stringify(left) === JSON.stringify(right))
  pair((left, right) => left.kind === right.kind)
  return pairs
}

/** What is over cannot be changed any more. */
function refuseLate(
  faults: readonly ScenarioFault[],
  { applied, from }: { readonly applied: ReadonlySet<ScenarioFault>; readonly from: Millis },
): void {
  const late = faults.find((fault) => fault.at < from && !applied.has(fault))
  if (late !== undefined)
    throw new UserError(
      `--set: expected a fault from ${from} ms on, found ${faultText(late)} at ${late.at} ms: without --until it changes the whole run`,
    )
}
