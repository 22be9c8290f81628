import type { Scenario } from '@infermesh/scenario'
import type { Breakage } from './breakage.ts'
import { type Breaks, shrink } from './shrink.ts'
import { drawn, runTrial, type TrialGround } from './trial.ts'
import { trials } from './trials.ts'

export interface HuntOptions extends Omit<TrialGround, 'scenario'> {
  /** Runs to make, from seed `first` on. */
  readonly seeds: number
  readonly first: number
  /** Wall-clock end, in ms since 1970. */
  readonly until?: number
  readonly onSeed?: (seed: number, breakage: Breakage | undefined) => void
  /** Runs at the same time, each in a thread of its own; one unless told. */
  readonly jobs?: number
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
  const { jobs = 1, onSeed } = options
  let seedsRun = 0
  for await (const { seed, breakage } of trials({ ...options, scenario }, seedsOf(options), jobs)) {
    seedsRun++
    onSeed?.(seed, breakage)
    if (breakage !== undefined) return { seedsRun, finding: await smallest(drawn(scenario, seed), breakage, options) }
  }
  return { seedsRun }
}

function* seedsOf({ first, seeds, until = Number.POSITIVE_INFINITY }: HuntOptions): Generator<number, void> {
  for (let index = 0; index < seeds && Date.now() < until; index++) yield first + index
}

async function smallest(found: Scenario, breakage: Breakage, options: HuntOptions): Promise<Finding> {
  const breaks: Breaks = async (candidate) => (await runTrial(candidate, options)).breakage?.check === breakage.check
  const { scenario, runs } = await shrink(found, breaks, options.shrinkRuns ?? SHRINK_RUNS)
  const last = await runTrial(scenario, options)
  const { traceHash, virtualMs } = last
  return {
    ...{ seed: found.seed, scenario, breakage: last.breakage ?? breakage, traceHash, virtualMs },
    ...{ drawn: found.faults.length, shrinkRuns: runs },
  }
}
