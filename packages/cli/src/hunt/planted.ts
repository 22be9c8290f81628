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
  options: { readonly seeds: number; readonly first?: number; readonly shrinkRuns?: number; readonly jobs?: number },
): Promise<PlantedResult> {
  const { first = 1, seeds, shrinkRuns = 0, ...rest } = options
  for (let seedsRun = 0; ; ) {
    const result = await hunt(scenario, { ...rest, seeds: seeds - seedsRun, first: first + seedsRun, shrinkRuns, bug })
    seedsRun += result.seedsRun
    const { finding } = result
    if (finding === undefined || bug.besides?.includes(finding.breakage.check) !== true)
      return { bug, seedsRun, ...(finding === undefined ? {} : { finding }) }
  }
}
