import { expect, test } from 'vitest'
import type { TierOptions } from '../kv/tier-stack.ts'
import { Engine, type EngineOptions } from './engine.ts'
import type { RequestCost } from './request.ts'

/** 1 KB and 1 ms a token, and 10 ms a step: 40 tokens take 60 ms in two steps of 20. */
const base: EngineOptions = {
  blocks: 12,
  blockTokens: 4,
  kvBytesPerToken: 1_000,
  stepTime: ({ tokens }) => 10 + tokens,
  stepTokensMax: 20,
  sequencesMax: 8,
}

test.each([
  { link: 'quicker than computing', bytesPerSecond: 1e6, isFetched: true },
  { link: 'slower than computing', bytesPerSecond: 5e5, isFetched: false },
])('over a link that is $link, what was moved below is fetched: $isFetched', ({ bytesPerSecond, isFetched }) => {
  const again = comesBack([tier('host', 50, bytesPerSecond)])

  expect(again.loadedTokens > 0).toBe(isFetched)
  if (!isFetched) expect(again.firstTokenAt).toBeLessThanOrEqual(1_000 + 3 * 10 + 41)
})

test('a link with a queue before it is as slow as the queue', () => {
  const tiers = [tier('host', 200, 1e6)]
  const engine = new Engine({ ...base, blocks: 24, tiers })
  const costs = run(engine, [
    ['a', 40, 0, 1],
    ['b', 40, 200, 101],
    ['c', 92, 500, 201],
    // Both come back at once: the second finds the link taken for 40 ms more than computing would take.
    ['a again', 41, 2_000, 1],
    ['b again', 41, 2_000, 101],
  ])

  expect(costs.slice(3).map(({ loadedTokens }) => loadedTokens > 0)).toEqual([true, false])
})

test('a run that goes on in a slow tier is fetched as far as the quick one reaches', () => {
  const again = comesBack([tier('host', 5, 1e7), tier('disk', 50, 1e4)])

  expect(again.loadedTokens).toBeGreaterThan(0)
  expect(again.loadedTokens).toBeLessThanOrEqual(5 * 4)
})

const tier = (name: string, blocks: number, bytesPerSecond: number): TierOptions => ({
  ...{ name, blocks, bytesPerSecond, baseMs: 0, serversPerDirection: 1 },
})

/** A prompt that was pushed out by another one, at its return. */
function comesBack(tiers: readonly TierOptions[]): RequestCost {
  const engine = new Engine({ ...base, tiers })
  const [, , again] = run(engine, [
    ['a', 40, 0, 1],
    ['other', 44, 500, 101],
    ['again', 41, 1_000, 1],
  ])
  if (again === undefined) throw new Error('the third request did not end')
  return again
}

/** Requests by name, prompt, time and the first of their block names. */
function run(engine: Engine, requests: readonly (readonly [string, number, number, number])[]): RequestCost[] {
  for (const [id, promptTokens, at, first] of requests) {
    const keys = Array.from({ length: Math.floor(promptTokens / 4) }, (_, block) => first + block)
    engine.submit({ id, promptTokens, answerTokens: 1, prefix: { blockTokens: 4, keys } }, at)
  }
  return engine.advance(10_000).flatMap((event) => (event.type === 'finished' ? [event.cost] : []))
}
