import type { RunResult } from '@infermesh/scenario'
import pc from 'picocolors'
import { durationText } from './duration-text.ts'
import { tableText } from './table.ts'

const HEADLINE = [
  'requests.total',
  'requests.success_rate',
  'requests.ttft_ms.p50',
  'requests.ttft_ms.p99',
  'requests.tpot_ms.p50',
  'failover.takeovers',
  'failover.mttr_ms.p99',
  'billing.charged',
  'billing.duplicates',
  'settlement.final',
  'settlement.lag_ms.p50',
  'verification.checked',
  'gossip.delivery_ms.p50',
] as const

export const numberText = (value: number | boolean): string =>
  typeof value === 'boolean' ? String(value) : Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 3 : 1)

const mark = (held: boolean, undecided: boolean | undefined): string => {
  if (held) return pc.green('held')
  return undecided === true ? pc.yellow('undecided') : pc.red('FAILED')
}

/** What a person reads at the end of a run: the checks, then the figures, then the outcome. */
export function summaryText(result: RunResult): string {
  const checks = result.checks.map((check) => [
    mark(check.held, check.undecided),
    check.name,
    check.held ? check.actual : `expected ${check.expected}, got ${check.actual}`,
  ])
  const figures = HEADLINE.flatMap((name) => {
    const value = result.metrics[name]
    return value === undefined ? [] : [[name, numberText(value)]]
  })
  const held = result.checks.filter((check) => check.held).length
  return [
    tableText(['', 'check', 'found'], checks),
    '',
    tableText(['metric', 'value'], figures),
    '',
    `${result.scenario} in ${result.world}: ${result.outcome}, ${held} of ${result.checks.length} checks held (${durationText(result.virtualMs)} of the network's time, ${durationText(result.wallMs)} of yours)`,
  ].join('\n')
}
