import { describe, expect, test } from 'vitest'
import { findData } from '../files/data-folder.ts'
import { linesOf } from '../files/lines.ts'
import { readProfile } from '../files/profile-file.ts'
import { readProfileFolder } from '../files/profile-folder.ts'
import { readTrace } from '../files/trace-file.ts'
import { stepTimeOf } from '../time/gpu-profile.ts'
import { stepTimeFromTables } from '../time/profile-tables.ts'
import type { StepTime } from '../time/step-time.ts'
import { mean, percentile } from './distribution.ts'
import { type ServingReport, serveTrace } from './serving-report.ts'

const log = findData('vllm-rtx4090/requests.jsonl')

describe.skipIf(log.missing !== undefined)(`a vLLM run on an RTX 4090${log.missing === undefined ? '' : ` (${log.missing})`}`, () => {
  test('is reproduced from the profile with a few knots', async () => {
    await expectLikeHardware(stepTimeOf(await readProfile('rtx4090-llama-3.1-8b')))
  })

  test('is reproduced from the measured kernel tables', async () => {
    await expectLikeHardware(stepTimeFromTables(await readProfileFolder(findData('vllm-rtx4090/profile').path, 32)))
  })
})

test('counts a refused request as offered, and says why', () => {
  const { metrics, refused } = serveTrace({ requests: [turn('big', 100, 0), turn('small', 10, 1)], engine })

  expect(metrics).toMatchObject({ 'requests.total': 2, 'requests.finished': 1, 'requests.refused': 1, 'goodput.turn_share': 0.5 })
  expect(refused).toEqual([{ id: 'big', reason: expect.stringContaining('got 100 + 5') }])
})

test('never has more goodput than throughput, and equally much without limits', () => {
  const requests = Array.from({ length: 40 }, (_, index) => turn(`r${index}`, 20, index * 30))
  const strict = serveTrace({ requests, engine, limits: { ttftMs: 100, tpotMs: 12 } }).metrics
  const free = serveTrace({ requests, engine, limits: { ttftMs: Infinity, tpotMs: Infinity } }).metrics

  expect(strict['goodput.tokens_per_s']).toBeLessThan(strict['throughput.tokens_per_s'] ?? 0)
  expect(free['goodput.tokens_per_s']).toBe(free['throughput.tokens_per_s'])
})

test('accounts for every block at any moment', () => {
  const { occupancy } = serveTrace({ requests: Array.from({ length: 40 }, (_, index) => turn(`r${index}`, 20, index * 30)), engine })

  expect(occupancy.length).toBeGreaterThan(10)
  for (const { active, idle, free } of occupancy) expect(active + idle + free).toBe(engine.blocks)
})

test('in a closed loop a turn waits for the answer before it', () => {
  const session = (number: number) => ({ session: 's', turn: number, last: number === 1, pause: 'tool' as const })
  const requests = [
    { ...turn('a', 10, 0), session: session(0) },
    { ...turn('b', 10, 0), session: session(1), thinkMs: 1_000 },
  ]

  const { metrics } = serveTrace({ requests, engine, closedLoop: true })

  expect(metrics['requests.finished']).toBe(2)
  expect(metrics['engine.virtual_ms']).toBeGreaterThan(1_000)
  expect(metrics['requests.ttft_ms.p99']).toBeLessThan(30)
})

const engine = {
  blocks: 20,
  blockTokens: 4,
  kvBytesPerToken: 1,
  stepTime: ({ tokens }: { tokens: number }) => 10 + tokens,
  stepTokensMax: 64,
  sequencesMax: 8,
}
const turn = (id: string, promptTokens: number, arrivalMs: number) => ({ id, promptTokens, answerTokens: 5, arrivalMs })

async function expectLikeHardware(stepTime: StepTime): Promise<void> {
  const { requests } = await readTrace(log.path)
  const measured = await measuredTimes()

  const report = serveTrace({
    requests,
    engine: { blocks: 2_588, blockTokens: 16, kvBytesPerToken: 131_072, stepTime, stepTokensMax: 2_048, sequencesMax: 256 },
  })

  for (const [quantity, times] of Object.entries(measured)) {
    expect(Math.abs(relative(report, `requests.${quantity}.mean`, mean(times)))).toBeLessThan(0.05)
    const p99 = percentile(
      times.toSorted((left, right) => left - right),
      0.99,
    )
    expect(Math.abs(relative(report, `requests.${quantity}.p99`, p99))).toBeLessThan(0.06)
  }
}

const relative = ({ metrics }: ServingReport, name: string, measured: number): number => (metrics[name] ?? 0) / measured - 1

async function measuredTimes(): Promise<Record<'ttft_ms' | 'tpot_ms' | 'e2e_ms', number[]>> {
  const times = { ttft_ms: [] as number[], tpot_ms: [] as number[], e2e_ms: [] as number[] }
  for await (const { text } of linesOf(log.path)) {
    const row = JSON.parse(text) as { queued_ts: number; first_token_ts: number; last_token_ts: number; output_toks: number }
    times.ttft_ms.push((row.first_token_ts - row.queued_ts) * 1_000)
    times.tpot_ms.push(((row.last_token_ts - row.first_token_ts) * 1_000) / (row.output_toks - 1))
    times.e2e_ms.push((row.last_token_ts - row.queued_ts) * 1_000)
  }
  return times
}
