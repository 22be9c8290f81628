import { type Agreement, differenceOf, type RunCheck, type RunResult, type Scenario } from '@infermesh/scenario'

/** One metric over all worlds that ran. */
export interface MetricRow {
  readonly metric: string
  readonly values: Readonly<Record<string, number | boolean | undefined>>
  /** Largest minus smallest, as a share of the largest; absent when one world has no value. */
  readonly apart?: number
}

export interface Comparison {
  readonly scenario: string
  readonly seed: number
  readonly worlds: readonly string[]
  readonly rows: readonly MetricRow[]
  readonly checks: readonly RunCheck[]
}

/** Runs of one scenario in several worlds, side by side: each metric, how far the worlds are apart, and whether they may be. */
export function comparisonOf(scenario: Scenario, results: readonly RunResult[]): Comparison {
  const metrics = [...new Set(results.flatMap((result) => Object.keys(result.metrics)))]
  return {
    ...{ scenario: scenario.name, seed: scenario.seed, worlds: results.map(({ world }) => world) },
    rows: metrics.map((metric) => rowOf(metric, results)),
    checks: [...results.map(outcomeCheck), ...scenario.agree.map((agreement) => agreementCheck(agreement, results))],
  }
}

function rowOf(metric: string, results: readonly RunResult[]): MetricRow {
  const values = Object.fromEntries(results.map(({ world, metrics }) => [world, metrics[metric]]))
  const numbers = results.flatMap(({ metrics }) => (metrics[metric] === undefined ? [] : [Number(metrics[metric])]))
  if (numbers.length < results.length) return { metric, values }
  const largest = Math.max(...numbers.map(Math.abs))
  return { metric, values, apart: largest === 0 ? 0 : (Math.max(...numbers) - Math.min(...numbers)) / largest }
}

const outcomeCheck = ({ world, outcome, checks }: RunResult): RunCheck => ({
  name: `${world} holds by itself`,
  held: outcome === 'held',
  expected: 'held',
  actual: outcome === 'held' ? outcome : `${outcome}: ${checks.find((check) => !check.held)?.name ?? ''}`,
})

function agreementCheck(agreement: Agreement, results: readonly RunResult[]): RunCheck {
  const differences = results.flatMap((left, index) =>
    results.slice(index + 1).map((right) => ({
      worlds: `${left.world} and ${right.world}`,
      gap: differenceOf(agreement, left.metrics[agreement.metric], right.metrics[agreement.metric]),
    })),
  )
  const shown = (gap: number): string => (agreement.isShare ? `${(gap * 100).toFixed(2)} %` : String(Math.round(gap * 100) / 100))
  const missing = differences.some(({ gap }) => gap === undefined)
  const [worst] = [...differences].sort((left, right) => (right.gap ?? 0) - (left.gap ?? 0))
  return {
    name: `worlds agree: ${agreement.text}`,
    held: !missing && (worst?.gap ?? 0) <= agreement.tolerance,
    expected: `at most ${shown(agreement.tolerance)} apart`,
    actual: missing ? 'no value in one of them' : `${shown(worst?.gap ?? 0)}${worst === undefined ? '' : ` (${worst.worlds})`}`,
    ...(missing ? { undecided: true } : {}),
  }
}
