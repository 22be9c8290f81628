import type { Judgement } from '../expect/expectation.ts'

/** What a run showed: the object that `--json` prints and `run.json` holds. */
export interface RunResult {
  readonly scenario: string
  readonly world: string
  readonly seed: number
  /** Over every trace record, in the virtual worlds; absent where time is real. */
  readonly traceHash?: string
  /** Told where signatures were stand-ins: nobody outside the run's world can check them. */
  readonly crypto?: 'sized'
  readonly peers: number
  readonly virtualMs: number
  readonly wallMs: number
  readonly outcome: 'held' | 'failed' | 'undecided'
  readonly checks: readonly RunCheck[]
  readonly metrics: Readonly<Record<string, number | boolean>>
}

export interface RunCheck {
  readonly name: string
  readonly held: boolean
  readonly expected: string
  readonly actual: string
  readonly undecided?: boolean
}

export const exitCodeOf = (outcome: RunResult['outcome']): number => ({ held: 0, failed: 1, undecided: 2 })[outcome]

/** A violated property outweighs an open question. */
export function outcomeOf(checks: readonly RunCheck[]): RunResult['outcome'] {
  if (checks.some((check) => !check.held && check.undecided !== true)) return 'failed'
  return checks.some((check) => check.undecided === true) ? 'undecided' : 'held'
}

export const checkOf = (judgement: Judgement): RunCheck => ({
  name: judgement.name,
  held: judgement.held,
  expected: judgement.expected,
  actual: judgement.actual,
  ...(judgement.undecided ? { undecided: true } : {}),
})
