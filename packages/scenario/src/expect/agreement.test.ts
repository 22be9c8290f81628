import { expect, test } from 'vitest'
import type { Problem } from '../problems.ts'
import { differenceOf, parseAgreement } from './agreement.ts'

const parsed = (text: string) => {
  const problems: Problem[] = []
  return { agreement: parseAgreement(text, ['agree', 0], problems), problems }
}

test('a tolerance is a share, a time, or in the unit of the metric', () => {
  expect(parsed('requests.success_rate ± 0.5%').agreement).toMatchObject({ tolerance: 0.005, isShare: true })
  expect(parsed('requests.ttft_ms.p50 +- 2s').agreement).toMatchObject({ tolerance: 2_000, isShare: false })
  expect(parsed('requests.total ± 3').agreement).toMatchObject({ tolerance: 3, isShare: false })
})

test('an unknown metric and a missing tolerance are refused', () => {
  expect(parsed('requests.happiness ± 1%').problems).toMatchObject([{ expected: 'a known metric', found: 'requests.happiness' }])
  expect(parsed('requests.total').problems).toHaveLength(1)
})

test('a share is of the larger value, so that the order of worlds does not matter', () => {
  const share = { text: '', metric: 'requests.total', tolerance: 0.1, isShare: true }

  expect(differenceOf(share, 90, 100)).toBeCloseTo(0.1)
  expect(differenceOf(share, 100, 90)).toBeCloseTo(0.1)
  expect(differenceOf(share, 0, 0)).toBe(0)
  expect(differenceOf({ ...share, isShare: false }, 90, 100)).toBe(10)
  expect(differenceOf(share, undefined, 90)).toBeUndefined()
})
