import { BadScenario, misfits, type Scenario, type WorldName } from '@infermesh/scenario'

/** Engines that a world has no time for. Who reads a scenario for one world is told the line; this is for everyone else. */
export function refuseEngines(scenario: Scenario, world: WorldName): void {
  const problems = misfits(scenario, world)
  if (problems.length > 0) throw new BadScenario(scenario.name, problems)
}
