import { BadScenario, type Problem, problemsOf } from './problems.ts'
import type { Scenario, ScenarioPeer } from './resolve.ts'
import { resolveFaults } from './resolve-faults.ts'
import { fault as faultSchema } from './schema/faults/fault.ts'
import type { ScenarioFault } from './schema/faults/resolved.ts'
import { peerGroup } from './schema/peers.ts'

/** A fault as a scenario file says it, for a scenario that is read already. Throws `BadScenario`. */
export function resolveFault(scenario: Scenario, written: unknown, place: string): ScenarioFault {
  const parsed = faultSchema.safeParse(written)
  // A problem within a fault is told by the fault's kind, which is known by its place in a file.
  if (!parsed.success) throw new BadScenario(place, inFault(problemsOf({ faults: [written] }, parsed.error.issues.map(inFaults))))
  const problems: Problem[] = []
  const [fault] = resolveFaults({ load: scenario.load, until: scenario.until, faults: [parsed.data] }, scenario.peers, problems)
  if (fault === undefined || problems.length > 0) throw new BadScenario(place, inFault(problems))
  return fault
}

const inFaults = <I extends { readonly path: readonly PropertyKey[] }>(issue: I): I => ({ ...issue, path: ['faults', 0, ...issue.path] })

const inFault = (problems: readonly Problem[]): readonly Problem[] =>
  problems.map((problem) => ({ ...problem, path: problem.path.slice(2) }))

/** What a group of peers may be told again while it runs. */
type Setting = Exclude<keyof ScenarioPeer, 'name' | 'group' | 'role'>

/** One setting of a group of peers, as a scenario file says it. Throws `BadScenario`. */
export function resolvePeerSetting(key: string, written: unknown, place: string): Pick<ScenarioPeer, Setting> {
  const parsed = peerGroup.safeParse({ [key]: written })
  if (!parsed.success) throw new BadScenario(place, problemsOf({ [key]: written }, parsed.error.issues))
  // What the schema has let pass under this key is what a peer has there.
  return parsed.data as Pick<ScenarioPeer, Setting>
}
