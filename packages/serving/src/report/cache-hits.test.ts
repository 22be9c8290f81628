import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { readProfile } from '../files/profile-file.ts'
import { evictionOrders } from '../idle/named-policies.ts'
import { generateAgenticTrace } from '../trace/generated-trace.ts'
import { cacheHitRate } from './cache-hits.ts'
import { serveTrace } from './serving-report.ts'
import { engineOptionsFor } from './serving-setup.ts'

const blockTokens = 512
const requests = generateAgenticTrace({ random: randomFrom('cache'), sessions: 10, startsWithinMs: 600_000, blockTokens }).sort(
  (left, right) => left.arrivalMs - right.arrivalMs,
)

test('no order finds more than the offline optimum, and none more than an endless cache', () => {
  const endless = cacheHitRate(requests, { blocks: 100_000, blockTokens, policy: 'lru' }) ?? 0
  for (const blocks of [300, 1_000]) {
    const best = cacheHitRate(requests, { blocks, blockTokens, policy: 'offline' }) ?? 0
    const others = ['lru', ...Object.keys(evictionOrders)].map((policy) => cacheHitRate(requests, { blocks, blockTokens, policy }) ?? 2)

    expect(Math.max(...others)).toBe(best)
    expect(best).toBeLessThanOrEqual(endless)
    expect(Math.min(...others)).toBeLessThan(best)
  }
})

test('says nothing where blocks have no names of this size, or the policy is about conversations', () => {
  const [first] = requests
  if (first === undefined) throw new Error('an empty trace')
  const { prefix: _, ...nameless } = first

  expect(cacheHitRate(requests, { blocks: 100, blockTokens: 16, policy: 'lru' })).toBeUndefined()
  expect(cacheHitRate(requests, { blocks: 100, blockTokens, policy: 'drop' })).toBeUndefined()
  expect(cacheHitRate([nameless], { blocks: 100, blockTokens, policy: 'lru' })).toBeUndefined()
})

test('an engine that knows what will come finds more than one that keeps the latest', async () => {
  const profile = await readProfile('h100x8-llama-3-70b')
  const hits = (policy: string): number =>
    serveTrace({ requests, engine: engineOptionsFor({ profile, blockTokens, blocks: 2_000, policy, requests }) }).metrics['kv.hit_rate'] ??
    0
  const [offline, lru] = [hits('offline'), hits('lru')]

  expect(offline).toBeGreaterThan(lru + 0.01)
  expect(() => engineOptionsFor({ profile, policy: 'offline' })).toThrow('needs no knowledge of the future')
})
