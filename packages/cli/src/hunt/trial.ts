import { randomFrom } from '@infermesh/kernel'
import type { PlantedBug } from '@infermesh/peers/planted'
import type { Scenario, TraceRow } from '@infermesh/scenario'
import type { VirtualOutcome } from './breakage.ts'
import { drawSchedule } from './draw/schedule.ts'
import { plantedBy } from './planted-by.ts'
import type { VirtualWorld } from './replay-file.ts'
import { finishInStack } from './stack-run.ts'
import { VirtualRun } from './virtual-run.ts'

/** What every trial of a hunt has in common. */
export interface TrialGround {
  readonly scenario: Scenario
  /** By index of the load entry. */
  readonly traces?: ReadonlyMap<number, readonly TraceRow[]>
  /** In the message world only: in the other one machines live in a thread that nothing can be planted in. */
  readonly bug?: PlantedBug
  /** `message` unless told. */
  readonly world?: VirtualWorld
}

/** The scenario with the schedule that this seed draws; its own faults and commands are left out. */
export const drawn = (scenario: Scenario, seed: number): Scenario => ({
  ...scenario,
  seed,
  ...drawSchedule(scenario, randomFrom(`hunt/${seed}`)),
})

/** One run that ends at the first broken check. */
export function runTrial(scenario: Scenario, { traces, bug, world }: Omit<TrialGround, 'scenario'>): Promise<VirtualOutcome> {
  const options = { stopEarly: true, ...(traces === undefined ? {} : { traces }) }
  if (world === 'stack') return finishInStack(scenario, options)
  return new VirtualRun(scenario, { ...options, ...(bug === undefined ? {} : plantedBy(bug)) }).finish()
}
