import { metricNames } from '../metrics/names.ts'
import type { Problem } from '../problems.ts'

/** `requests.success_rate ± 0.5%`: how far two worlds may differ in a metric. */
export interface Agreement {
  readonly text: string
  readonly metric: string
  readonly tolerance: number
  /** Of the larger of both values, or in the metric's own unit. */
  readonly isShare: boolean
}

const FORM = /^([a-z0-9_.-]+)\s*(?:±|\+-|\+\/-)\s*([\d.]+)\s*(%|ms|s)?$/

export function parseAgreement(text: string, path: readonly (string | number)[], problems: Problem[]): Agreement | undefined {
  const [, metric, literal, unit] = FORM.exec(text.trim()) ?? []
  if (metric === undefined || literal === undefined) {
    problems.push({ path, expected: 'a metric and a tolerance, such as requests.success_rate ± 0.5%', found: JSON.stringify(text) })
    return undefined
  }
  if (!metricNames.includes(metric)) {
    problems.push({ path, expected: 'a known metric', found: metric })
    return undefined
  }
  const scale = { '%': 0.01, s: 1_000, ms: 1 }[unit ?? ''] ?? 1
  return { text, metric, tolerance: Number(literal) * scale, isShare: unit === '%' }
}

/** How far two values are apart, in the agreement's measure; undefined when one is missing. */
export function differenceOf(
  agreement: Agreement,
  left: number | boolean | undefined,
  right: number | boolean | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return undefined
  const gap = Math.abs(Number(left) - Number(right))
  if (!agreement.isShare) return gap
  const size = Math.max(Math.abs(Number(left)), Math.abs(Number(right)))
  return size === 0 ? 0 : gap / size
}
