import { metricNames } from '../metrics/names.ts'
import type { Problem } from '../problems.ts'

export type Comparison = '>=' | '<=' | '>' | '<' | '==' | '!='

/** `requests.success_rate >= 99.5%`, or `settlement.conserved` alone, which must be true. */
export interface Expectation {
  readonly text: string
  readonly metric: string
  readonly comparison: Comparison
  readonly value: number | boolean
}

export interface Judgement {
  readonly name: string
  readonly held: boolean
  readonly expected: string
  readonly actual: string
  /** The metric had no value: the run could not decide. */
  readonly undecided: boolean
}

const FORM = /^([a-z0-9_.-]+)(?:\s*(>=|<=|==|!=|>|<)\s*(true|false|[\d.]+)\s*(%|ms|s|m)?)?$/

/** Unknown metrics are refused when the file is read, with the nearest known names. */
export function parseExpectation(text: string, path: readonly (string | number)[], problems: Problem[]): Expectation | undefined {
  const [, metric, comparison, literal, unit] = FORM.exec(text.trim()) ?? []
  if (metric === undefined) {
    problems.push({
      path,
      expected: 'a metric, a comparison and a value, such as requests.success_rate >= 99.5%',
      found: JSON.stringify(text),
    })
    return undefined
  }
  if (!metricNames.includes(metric)) {
    problems.push({ path, expected: `a known metric; nearest: ${nearest(metric).join(', ')}`, found: metric })
    return undefined
  }
  if (comparison === undefined || literal === undefined) return { text, metric, comparison: '==', value: true }
  return { text, metric, comparison: comparison as Comparison, value: readValue(literal, unit) }
}

const SCALE: Readonly<Record<string, number>> = { '%': 0.01, ms: 1, s: 1_000, m: 60_000 }

const readValue = (literal: string, unit: string | undefined): number | boolean =>
  literal === 'true' || literal === 'false' ? literal === 'true' : Number(literal) * (SCALE[unit ?? ''] ?? 1)

export function judge(expectation: Expectation, metrics: Readonly<Record<string, number | boolean>>): Judgement {
  const actual = metrics[expectation.metric]
  const undecided = actual === undefined
  return {
    name: expectation.text,
    held: !undecided && holds(actual, expectation.comparison, expectation.value),
    expected: `${expectation.comparison} ${expectation.value}`,
    actual: undecided ? 'no value' : String(actual),
    undecided,
  }
}

function holds(actual: number | boolean, comparison: Comparison, value: number | boolean): boolean {
  switch (comparison) {
    case '>=':
      return actual >= value
    case '<=':
      return actual <= value
    case '>':
      return actual > value
    case '<':
      return actual < value
    case '==':
      return actual === value
    case '!=':
      return actual !== value
  }
}

/** Names that share the longest front with what was written. */
function nearest(metric: string): readonly string[] {
  const shared = (name: string): number => {
    let length = 0
    while (length < name.length && name[length] === metric[length]) length++
    return length
  }
  return [...metricNames].sort((left, right) => shared(right) - shared(left)).slice(0, 3)
}
