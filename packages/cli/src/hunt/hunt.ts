import { randomFrom } from '@infermesh/kernel'
import type { Scenario, TraceRow } from '@infermesh/scenario'
import type { Alteration } from '../worlds/virtual-network.ts'
import { drawFaults } from './draw-faults.ts'
import { type Breaks, shrink } from './shrink.ts'
import { type Breakage, VirtualRun } from './virtual-run.ts'

export interface HuntOptions {
  /** Runs to make, from seed `first` on. */
  readonly seeds: number
  readonly first: number
  /** Wall-clock end, in ms since 1970. */
  readonly until?: number
  readonly onSeed?: (seed: number, breakage: Breakage | undefined) => void
  readonly traces?: ReadonlyMap<number, readonly TraceRow[]>
  readonly alter?: Alteration
  /** Trials for making a finding smaller; 0 leaves it as it was found. */
  readonly shrinkRuns?: number
}

export interface Finding {
  readonly seed: number
  /** The smallest scenario that was found to break. */
  readonly scenario: Scenario
  readonly breakage: Breakage
  readonly traceHash: string
  readonly virtualMs: number
  readonly drawn: number
  readonly shrinkRuns: number
}

export interface HuntResult {
  readonly seedsRun: number
  readonly finding?: Finding
}

const SHRINK_RUNS = 120

/** Draws faults seed by seed and runs, until a standing check breaks; then looks for the smallest way to break it. */
export async function hunt(scenario: Scenario, options: HuntOptions): Promise<HuntResult> {
  const { seeds, first, until = Number.POSITIVE_INFINITY } = options
  for (let index = 0; index < seeds; index++) {
    if (Date.now() >= until) return { seedsRun: index }
    const seed = first + index
    const drawn = { ...scenario, seed, faults: drawFaults(scenario, randomFrom(`hunt/${seed}`)) }
    const { breakage } = await runOnce(drawn, options)
    options.onSeed?.(seed, breakage)
    if (breakage !== undefined) return { seedsRun: index + 1, finding: await smallest(drawn, breakage, options) }
  }
  return { seedsRun: seeds }
}

async function smallest(drawn: Scenario, breakage: Breakage, options: HuntOptions): Promise<Finding> {
  const breaks: Breaks = async (candidate) => (await runOnce(candidate, options)).breakage?.check === breakage.check
  const { scenario, runs } = await shrink(drawn, breaks, options.shrinkRuns ?? SHRINK_RUNS)
  const last = await runOnce(scenario, options)
  const { traceHash, virtualMs } = last
  return {
    ...{ seed: drawn.seed, scenario, breakage: last.breakage ?? breakage, traceHash, virtualMs },
    ...{ drawn: drawn.faults.length, shrinkRuns: runs },
  }
}

const runOnce = (scenario: Scenario, { traces, alter }: HuntOptions) =>
  new VirtualRun(scenario, {
    stopEarly: true,
    ...(traces === undefined ? {} : { traces }),
    ...(alter === undefined ? {} : { alter }),
  }).finish()
