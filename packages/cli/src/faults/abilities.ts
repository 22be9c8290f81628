import { BadScenario, type FaultKind, faultKinds, type Scenario, type WorldName } from '@infermesh/scenario'

/** Which faults each world can do. What a world cannot do is refused before anything starts: no fault is skipped in silence. */
export const worldAbilities: Readonly<Record<WorldName, ReadonlySet<FaultKind>>> = {
  message: new Set(faultKinds),
  stack: new Set(faultKinds),
  process: new Set<FaultKind>(['crash', 'restart', 'pause', 'resume', 'churn', 'overload', 'lie']),
}

export function requireAbilities(scenario: Scenario, world: WorldName): void {
  const problems = scenario.faults.flatMap((fault, index) => {
    const missing = missingAbility(fault, world)
    if (missing === undefined) return []
    const able = Object.entries(worldAbilities).filter(([, kinds]) => kinds.has(fault.kind))
    return [
      {
        path: ['faults', index],
        expected: `a fault that the ${world} world can do (run it with --world ${able.map(([name]) => name).join(' or ')})`,
        found: missing,
      },
    ]
  })
  if (problems.length > 0) throw new BadScenario(scenario.name, problems)
}

function missingAbility(fault: Scenario['faults'][number], world: WorldName): string | undefined {
  if (!worldAbilities[world].has(fault.kind)) return fault.kind
  if (world !== 'process') return undefined
  // A process cannot be stopped between two effects from outside, and an eclipse needs the links.
  if (fault.kind === 'crash' && fault.afterEffects !== undefined) return 'crash with afterEffects'
  if (fault.kind === 'restart' && fault.wipe) return 'restart with wipe'
  return fault.kind === 'lie' && fault.lie === 'eclipse' ? 'lie eclipse' : undefined
}
