import { expect, test } from 'vitest'
import { obliviousWorld } from '../../../test-support/oblivious-world.ts'
import { published } from '../../../test-support/serving-world.ts'

const ask = { model: published.model, prompt: 'What does the contract say?', maxTokens: 100, seed: 7 }
const slots = { kind: 'slots', bytes: 1024, every: 50, classes: [32, 64] } as const
const padding = { kind: 'fixed', size: 2048 } as const

test('cover looks like a request, costs nothing and starts nothing', () => {
  const run = obliviousWorld({ client: { cover: { kind: 'additive', rate: 1 }, padding }, gateway: { answers: slots } })

  run.submit(ask)
  run.world.run(20_000)

  const sizes = new Set(run.events('sealedSent').map(({ bytes }) => bytes))
  const lengths = new Set(
    run.events('sealedSent').map(({ sealed }) => run.events('answerSealed').filter((piece) => piece.sealed === sealed).length),
  )
  expect(run.events('sealedSent').length).toBeGreaterThan(8)
  expect(sizes.size).toBe(1)
  expect([...lengths].filter((length) => length === 32 || length < 32).length).toBe(lengths.size)
  expect(run.events('executionStarted')).toHaveLength(1)
})

test('requests that go in place of cover leave when cover would, and are no more for being asked', () => {
  const run = obliviousWorld({ client: { cover: { kind: 'substituting', rate: 1 }, padding }, gateway: { answers: slots } })
  const before = run.events('sealedSent').length

  for (let count = 0; count < 5; count++) run.submit(ask)
  run.world.run(4_001)
  expect(run.events('sealedSent')).toHaveLength(before)

  run.world.run(24_000)
  const sent = run.events('sealedSent').slice(before)
  // The oldest first, one each time; cover goes on once none is left.
  expect(sent.map(({ requestId }) => requestId !== undefined)).toEqual(sent.map((_, turn) => turn < 5))
  expect(sent.flatMap(({ requestId }) => requestId ?? [])).toEqual(run.events('requestSent').map(({ requestId }) => requestId))
  expect(sent.length).toBeGreaterThan(8)
  expect(run.events('requestEnded').map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
})

test('a request that waits for its turn is given up at its deadline', () => {
  const run = obliviousWorld({ client: { cover: { kind: 'substituting', rate: 0.001 }, padding } })

  run.submit({ ...ask, deadlineMs: 2_000 })
  run.world.run(8_000)

  expect(run.events('requestEnded').map((event) => event.outcome === 'failed' && event.code)).toEqual(['deadline-passed'])
})
