import type { PlantedBug } from '@infermesh/peers/planted'
import type { Scenario } from '@infermesh/scenario'
import { type Finding, hunt } from './hunt.ts'

export interface PlantedResult {
  readonly bug: PlantedBug
  readonly seedsRun: number
  readonly finding?: Finding
}

/** Hunts for one planted bug. Scripts and tests call it; no command does. */
export async function huntPlanted(
  scenario: Scenario,
  bug: PlantedBug,
  options: { readonly seeds: number; readonly first?: number; readonly shrinkRuns?: number },
): Promise<PlantedResult> {
  const { seeds, first = 1, shrinkRuns = 0 } = options
  const { seedsRun, finding } = await hunt(scenario, {
    ...{ seeds, first, shrinkRuns },
    alter: (peer, builder) => (bug.roles.includes(peer.role) ? bug.build(builder) : builder.make()),
  })
  return { bug, seedsRun, ...(finding === undefined ? {} : { finding }) }
}
