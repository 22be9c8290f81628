import type { Millis } from '@infermesh/kernel'
import type { RunObserver, RunResult } from '@infermesh/scenario'

/** What broke: a standing check, or a machine that failed its own assertion. */
export interface Breakage {
  readonly check: string
  readonly at: Millis
  readonly text: string
  /** Every check that was broken when the run ended. */
  readonly all: readonly string[]
}

/** How a run ended. */
export interface VirtualOutcome {
  readonly breakage: Breakage | undefined
  readonly traceHash: string
  readonly virtualMs: Millis
  /** Absent when the run was cut short. */
  readonly result?: RunResult
}

/** Whole names of standing checks begin with `I` or `L` and a number. */
export const isStanding = (name: string): boolean => /^[IL]\d+ /.test(name)

const shortName = (name: string): string => name.split(' ')[0] ?? name

/** What the trace itself has shown so far. `further`: checks that broke and are not in the trace. */
export function seenBroken(observer: RunObserver, further: readonly string[] = []): Breakage | undefined {
  const violation = observer.violation()
  return violation && { check: violation.name, at: violation.at, text: violation.text, all: [...observer.broken(), ...further] }
}

/** What is known only at the end. */
export function brokenIn(result: RunResult): Breakage | undefined {
  const broken = result.checks.filter((check) => !check.held && check.undecided !== true && isStanding(check.name))
  const [first] = broken
  const all = [...new Set(broken.map(({ name }) => shortName(name)))]
  return first && { check: shortName(first.name), at: result.virtualMs, text: `${first.name}: ${first.actual}`, all }
}

/** A machine threw, or nothing moved on. */
export const brokeDown = (name: string, at: Millis, text: string): Breakage => ({ check: name, at, text, all: [name] })
