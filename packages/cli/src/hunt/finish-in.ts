import type { Scenario } from '@infermesh/scenario'
import type { VirtualOutcome } from './breakage.ts'
import type { VirtualWorld } from './replay-file.ts'
import { finishInStack, type StackRunOptions } from './stack-run.ts'
import { VirtualRun } from './virtual-run.ts'

/** One run in virtual time to its end, without files. */
export const finishIn = (world: VirtualWorld, scenario: Scenario, options: StackRunOptions): Promise<VirtualOutcome> =>
  world === 'stack' ? finishInStack(scenario, options) : new VirtualRun(scenario, options).finish()
