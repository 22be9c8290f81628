import { type RunResult, resolveScenario } from '@infermesh/scenario'
import { expect, test } from 'vitest'
import { comparisonOf } from './comparison.ts'

const scenario = resolveScenario({
  name: 'x',
  about: 'x',
  peers: { gateway: 1 },
  agree: ['requests.success_rate ± 1%', 'requests.total ± 2'],
})

const result = (world: string, metrics: Readonly<Record<string, number>>): RunResult => ({
  ...{ scenario: 'x', world, seed: 1, peers: 1, virtualMs: 1, wallMs: 1, outcome: 'held', checks: [] },
  metrics,
})

const agreements = (left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>) =>
  comparisonOf(scenario, [result('message', left), result('process', right)]).checks.filter((check) => check.name.startsWith('worlds'))

test('worlds within their tolerance agree', () => {
  const checks = agreements({ 'requests.success_rate': 1, 'requests.total': 50 }, { 'requests.success_rate': 0.995, 'requests.total': 52 })

  expect(checks.map((check) => check.held)).toEqual([true, true])
})

test('worlds beyond their tolerance do not, and the pair is named', () => {
  const [rate, total] = agreements(
    { 'requests.success_rate': 1, 'requests.total': 50 },
    { 'requests.success_rate': 0.97, 'requests.total': 53 },
  )

  expect(rate).toMatchObject({ held: false, expected: 'at most 1.00 % apart', actual: '3.00 % (message and process)' })
  expect(total).toMatchObject({ held: false, actual: '3 (message and process)' })
})

test('a metric that one world lacks leaves the question open', () => {
  expect(agreements({ 'requests.total': 50 }, { 'requests.total': 50 })[0]).toMatchObject({ held: false, undecided: true })
})

test('each metric is a row with a value for each world', () => {
  const { rows } = comparisonOf(scenario, [result('message', { a: 4 }), result('process', { a: 5, b: 1 })])

  expect(rows).toEqual([
    { metric: 'a', values: { message: 4, process: 5 }, apart: 0.2 },
    { metric: 'b', values: { message: undefined, process: 1 } },
  ])
})
