import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { percentile } from '../report/distribution.ts'
import { generateAgenticTrace, pauseMs } from './generated-trace.ts'
import { withHints } from './trace-request.ts'

const trace = generateAgenticTrace({ random: randomFrom('fit'), sessions: 400, startsWithinMs: 3_600_000, blockTokens: 640 })

test('draws sessions like those of the measured corpus', () => {
  const turns = [...Map.groupBy(trace, ({ session }) => session?.session).values()].map(({ length }) => length)

  expectNear(quantile(turns, 0.5), 45, 0.2)
  expectNear(quantile(turns, 0.9), 156, 0.3)
  expectNear(
    quantile(
      trace.map(({ answerTokens }) => answerTokens),
      0.5,
    ),
    216,
    0.05,
  )
})

test('draws pauses like those of tools and of people', () => {
  const random = randomFrom('pauses')
  const tool = Array.from({ length: 20_000 }, () => pauseMs(random, 'tool') / 1_000)
  const user = Array.from({ length: 20_000 }, () => pauseMs(random, 'user') / 1_000)

  expectNear(quantile(tool, 0.5), 9, 0.2)
  expectNear(quantile(tool, 0.9), 71, 0.3)
  expectNear(quantile(user, 0.5), 132, 0.05)
  expectNear(quantile(user, 0.75), 480, 0.1)
})

test('keeps every prompt an extension of the one before', () => {
  for (const [index, request] of trace.entries()) {
    const before = trace[index - 1]
    if (before === undefined || request.session?.turn === 0) continue
    expect(request.promptTokens).toBeGreaterThanOrEqual(before.promptTokens)
    expect(request.prefix?.keys[0]).toBe(before.prefix?.keys[0])
  }
})

test('a hint of no sigma is the true pause, and the last turn has none', () => {
  const hinted = withHints(trace.slice(0, 200), 0, () => 1)

  for (const [index, { session }] of hinted.entries()) {
    const next = hinted[index + 1]
    if (session?.last || next === undefined || next.session?.turn === 0) continue
    expect(session?.hint?.expectMs).toBe(next.thinkMs)
  }
  expect(hinted.filter(({ session }) => session?.last).every(({ session }) => session?.hint === undefined)).toBe(true)
})

const quantile = (values: readonly number[], share: number): number =>
  percentile(
    values.toSorted((left, right) => left - right),
    share,
  )
const expectNear = (measured: number, published: number, share: number): void => {
  expect(Math.abs(measured / published - 1), `${measured} against ${published}`).toBeLessThan(share)
}
