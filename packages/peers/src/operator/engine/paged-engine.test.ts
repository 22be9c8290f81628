import { expect, test } from 'vitest'
import { disjoint, endOf, rangesOf, tokensOf } from '../../../test-support/answers.ts'
import { nodeCryptography } from '../../../test-support/cryptography.ts'
import { published, type ServingWorld, servingWorld } from '../../../test-support/serving-world.ts'
import { smallEngine } from '../../../test-support/small-gpu.ts'
import { promptOfPassages } from '../../client/passages.ts'
import { referenceAnswer } from '../answer.ts'
import { weightsFrom } from '../reference-weights.ts'
import type { PagedEngineConfig } from './engine-config.ts'

const { model } = published
const { hash } = nodeCryptography

test('an answer is the generator’s whichever engine paces it, with the first token at the end of the prefill', () => {
  const run = ready()
  const { heard } = run.submit({ model, passages: story(300), maxTokens: 100, seed: 7 })
  run.world.run(20_000)

  const [served] = run.events('kvServed')
  const weightsRoot = hash(weightsFrom(hash, published.weights))
  const answer = referenceAnswer({ hash, weightsRoot, prompt: promptOfPassages(story(300)), request: { seed: 7 } })
  expect(tokensOf(heard)).toEqual(answer.tokens(0, 100))
  expect(disjoint(rangesOf(heard))).toBe(true)
  // Prefill is one step of 300 tokens, 10 + 30 ms; each further token a step of 10.1 ms; a hop is 5 ms.
  expect(served).toMatchObject({ promptTokens: 300, cachedTokens: 0, firstTokenMs: 40, preemptions: 0 })
  expect(endOf(heard)).toMatchObject({ outcome: 'ok', ttftMs: 4 * 5 + 40, totalMs: 4 * 5 + 40 + 1000 })
})

test('the next turn of a conversation finds its prompt in memory; another client’s equal prompt does not', () => {
  const run = ready({}, 1)
  const ask = (turn: number, tokens: number, session = 's') => {
    run.submit({ model, passages: story(tokens), maxTokens: 8, session: { id: session, turn, pause: 'tool', expectMs: 2000, sigma: 0.5 } })
    run.world.run(run.world.now() + 3_000)
  }
  ask(0, 320)
  ask(1, 400)
  ask(0, 400, 'other')

  expect(run.events('kvServed').map(({ cachedTokens }) => cachedTokens)).toEqual([0, 320, 384])
  expect(run.events('kvObserved').at(-1)).toMatchObject({ blocks: 1_000, running: 0, sessions: 2, idle: 25, active: 0, free: 975 })
})

test('blocks that are full stop requests in a queue of their own, and preemption repeats no token', () => {
  const run = ready({ blocks: 60 }, 1)
  const asked = Array.from({ length: 6 }, (_, index) => run.submit({ model, passages: story(256, `story ${index}`), maxTokens: 120 }))
  run.world.run(20_000)

  expect(asked.map(({ heard }) => endOf(heard).outcome)).toEqual(Array.from(asked, () => 'ok'))
  expect(asked.every(({ heard }) => disjoint(rangesOf(heard)) && tokensOf(heard).length === 120)).toBe(true)
  const preempted = run.events('kvServed').reduce((sum, { preemptions }) => sum + preemptions, 0)
  expect(preempted).toBeGreaterThan(0)
  expect(run.events('kvObserved').every(({ active, idle, free }) => active + idle + free === 60)).toBe(true)
})

test('refuses what cannot fit on the node, and what its queue has no place for', () => {
  const run = ready({ blocks: 20 }, 1)
  const { heard } = run.submit({ model, passages: story(300), maxTokens: 21 })
  run.world.run(5_000)
  const many = Array.from({ length: 80 }, (_, index) => run.submit({ model, passages: story(200, `story ${index}`), maxTokens: 30 }))
  run.world.run(40_000)

  expect(endOf(heard)).toMatchObject({ code: 'prompt-too-long', detail: expect.stringContaining('more than the 320 that fit') })
  const refused = many.flatMap(({ heard }) => (endOf(heard).outcome === 'ok' ? [] : [endOf(heard).code]))
  expect(new Set(refused)).toEqual(new Set(['overloaded']))
  expect(refused.length).toBeGreaterThan(0)
  expect(many.length - refused.length).toBeGreaterThanOrEqual(64)
})

test('a cancelled request gives its memory back, and is receipted for what was made', () => {
  const run = ready({}, 1)
  const { cancel } = run.submit({ model, passages: story(1_600), maxTokens: 500 })
  run.world.run(run.world.now() + 1_000)
  cancel()
  run.world.run(run.world.now() + 5_000)

  expect(run.events('executionEnded')).toMatchObject([{ outcome: 'cancelled' }])
  expect(run.events('kvObserved').at(-1)).toMatchObject({ active: 0, running: 0 })
  const made = run.events('tokensMade').at(-1)?.to ?? 0
  expect(run.receipts.at(-1)?.payload.to).toBe(made)
  expect(made).toBeGreaterThan(0)
})

const story = (tokens: number, text = 'story') => [{ text, from: 0, tokens }]

/** Operators with the small GPU; virtual time at which they serve. */
function ready(engine: Partial<PagedEngineConfig> = {}, operators = 2): ServingWorld {
  const run = servingWorld({ operators, operator: (_, config) => ({ ...config, engine: { ...smallEngine, ...engine } }) })
  run.world.start()
  run.world.run(3_000)
  return run
}
