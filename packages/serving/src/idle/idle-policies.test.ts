import { randomFrom } from '@infermesh/kernel'
import { describe, expect, test } from 'vitest'
import type { EngineOptions } from '../engine/engine.ts'
import { readProfile } from '../files/profile-file.ts'
import { serveTrace } from '../report/serving-report.ts'
import { stepTimeOf } from '../time/gpu-profile.ts'
import { generateAgenticTrace, normal } from '../trace/generated-trace.ts'
import { type TraceRequest, withHints } from '../trace/trace-request.ts'
import type { IdlePolicy, IdleSession } from './idle-policy.ts'
import { discardWaste, hazardPolicy, leastWastePolicy, swapPolicy } from './learned-policies.ts'
import { ReturnHistogram } from './return-histogram.ts'
import { dropPolicy, hintPolicy, keepPolicy, offlinePolicy, tailTrimPolicy, ttlPolicy } from './simple-policies.ts'

const profile = await readProfile('h100x8-llama-3-70b')
const blockTokens = 512
/** Sessions whose contexts are a little more than the memory. */
const edge = 40

describe('an eight-GPU node with coding agents', () => {
  test('falls off a cliff once the open sessions outgrow its memory, until keeping is no better than dropping', () => {
    const roomy = [run(sessions(8)), run(sessions(8), { idle: dropPolicy() })]
    const crowded = [run(sessions(64)), run(sessions(64), { idle: dropPolicy() })]

    expect(roomy[0]?.['kv.hit_rate']).toBeGreaterThan(0.8)
    expect(good(roomy[0])).toBeGreaterThan(1.2 * good(roomy[1]))
    expect(crowded[0]?.['kv.hit_rate']).toBeLessThan(0.2)
    expect(good(crowded[0])).toBeLessThan(good(roomy[0]) / 2)
  })

  test('has no cliff behind a gate, and a later one with a host tier', () => {
    const open = good(run(sessions(64)))
    const gated = good(run(sessions(64), { sessionShareMax: 0.92 }))
    const tiered = good(
      run(sessions(64), {
        tiers: [{ name: 'host', blocks: 8e6 / blockTokens, bytesPerSecond: 2e11, baseMs: 0.001, serversPerDirection: 1 }],
      }),
    )

    expect(gated).toBeGreaterThan(3 * open)
    expect(tiered).toBeGreaterThan(3 * open)
  })

  test('gains from hints at the edge, and an oracle gains no less than noise', () => {
    const trace = sessions(edge)
    const random = randomFrom('noise')
    const lru = hitRate(run(trace, { idle: keepPolicy() }))
    const noisy = hitRate(
      run(
        withHints(trace, 1, () => normal(random)),
        { idle: hintPolicy() },
      ),
    )
    const exact = hitRate(
      run(
        withHints(trace, 0, () => 0),
        { idle: hintPolicy() },
      ),
    )

    expect(exact).toBeGreaterThan(lru)
    expect(noisy).toBeGreaterThan(lru - 0.02)
    expect(exact).toBeGreaterThan(noisy - 0.02)
  })

  test('a fixed time never beats keeping, and a short one caps the hits however large the memory', () => {
    const ample = { blocks: 60_000 }
    const capped = hitRate(run(sessions(12), { ...ample, idle: ttlPolicy(10_000) }))

    expect(capped).toBeLessThan(hitRate(run(sessions(12), { ...ample, idle: keepPolicy() })) - 0.1)
    expect(hitRate(run(sessions(edge), { idle: ttlPolicy(120_000) }))).toBeLessThanOrEqual(
      hitRate(run(sessions(edge), { idle: keepPolicy() })) + 0.02,
    )
  })

  test.each<readonly [string, IdlePolicy]>([
    ['hazard-ttl', hazardPolicy({ prefillMs: (tokens) => tokens / 20, moveMs: () => Number.POSITIVE_INFINITY })],
    ['tail-trim', tailTrimPolicy(4_000)],
  ])('under %s still reuses most of what fits', (_, idle) => {
    expect(hitRate(run(sessions(8), { idle }))).toBeGreaterThan(0.5)
  })
})

const idle: IdleSession = { session: 's', pause: 'tool', contextTokens: 1_000, since: 100, hint: { expectMs: 500, sigma: 0 } }
const load = { residentTokens: 500, capacityTokens: 1_000, runningRequests: 3 }

test('the hint policy gives up who returns last, and doubts the overdue more with every moment', () => {
  const { rank } = hintPolicy()
  const later = { ...idle, hint: { expectMs: 5_000, sigma: 0 } }

  expect(rank(later, 200)).toBeGreaterThan(rank(idle, 200))
  expect(rank(idle, 700)).toBe(200)
  expect(rank(idle, 5_000)).toBeGreaterThan(rank(later, 5_000))
})

test('the offline optimum drops what never returns', () => {
  const policy = offlinePolicy(({ session }) => (session === 'gone' ? Number.POSITIVE_INFINITY : 900))

  expect(policy.suspended({ ...idle, session: 'gone' }, load).keepMs).toBe(0)
  expect(policy.suspended(idle, load).keepMs).toBe(Number.POSITIVE_INFINITY)
})

test('learns when returns become rare', () => {
  const histogram = new ReturnHistogram()
  for (let index = 0; index < 90; index++) histogram.add(5_000)
  for (let index = 0; index < 10; index++) histogram.add(500_000)

  expect(histogram.mean()).toBe(54_500)
  expect(histogram.lastAgeAbove(1e-4)).toBe(6_000)
  expect(histogram.lastAgeAbove(1)).toBe(0)
})

test('knows nothing before it has seen enough', () => {
  expect(new ReturnHistogram().lastAgeAbove(0.5)).toBe(Number.POSITIVE_INFINITY)
})

test('dropping wastes what InferCept says', () => {
  // Two chunks of 100 - 0 whole, then 50: n = ceil(250 / 100) - 1 = 2, step 0.1 · 100 + 10 = 20 ms.
  const waste = discardWaste(
    250,
    { residentTokens: 40, capacityTokens: 1, runningRequests: 0 },
    { perTokenMs: 0.1, baseMs: 10, saturationTokens: 100 },
  )

  expect(waste).toBeCloseTo(20 * 3 * 100 + 0.1 * 100 * 2 * 40 + 0.1 * 50 * (40 + 50), 6)
})

test('least waste drops a small context before a long pause, and keeps a large one before a short pause', () => {
  const policy = leastWastePolicy(
    { perTokenMs: 0.03, baseMs: 15, saturationTokens: 384 },
    { prefillMs: () => 1, moveMs: () => Number.POSITIVE_INFINITY },
  )

  expect(policy.suspended({ ...idle, contextTokens: 300, hint: { expectMs: 600_000, sigma: 0 } }, load).keepMs).toBe(0)
  expect(policy.suspended({ ...idle, contextTokens: 30_000, hint: { expectMs: 10, sigma: 0 } }, load).keepMs).toBe(Number.POSITIVE_INFINITY)
})

test('swaps only when the pause is longer than the way there and back', () => {
  const policy = swapPolicy({ prefillMs: () => 1, moveMs: (tokens) => tokens / 10 })

  expect(policy.suspended({ ...idle, hint: { expectMs: 201, sigma: 0 } }, load).swap).toBe(true)
  expect(policy.suspended({ ...idle, hint: { expectMs: 199, sigma: 0 } }, load).swap).toBe(false)
})

function sessions(count: number): TraceRequest[] {
  const trace = generateAgenticTrace({
    random: randomFrom('agents'),
    sessions: count,
    startsWithinMs: 120_000,
    blockTokens,
    contextScale: 0.6,
  })
  const kept = trace.filter(({ session }) => (session?.turn ?? 0) < 16)
  return kept.map((request) => ({
    ...request,
    ...(request.session ? { session: { ...request.session, last: request.session.last || request.session.turn === 15 } } : {}),
  }))
}

function run(requests: readonly TraceRequest[], change: Partial<EngineOptions> = {}): Readonly<Record<string, number>> {
  const engine: EngineOptions = {
    blocks: Math.floor(profile.gpuTokens / blockTokens),
    blockTokens,
    kvBytesPerToken: profile.kvBytesPerToken,
    stepTime: stepTimeOf(profile),
    stepTokensMax: 8_192,
    sequencesMax: 256,
    ...change,
  }
  return serveTrace({ requests, engine, closedLoop: true, thinkMsMax: 120_000, untilMs: 1_800_000 }).metrics
}

const good = (metrics: Readonly<Record<string, number>> | undefined): number => metrics?.['goodput.turns_per_s'] ?? 0
const hitRate = (metrics: Readonly<Record<string, number>>): number => metrics['kv.hit_rate'] ?? 0
