import { defaultParameters } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { disjoint, endOf, rangesOf, tokensOf } from '../../test-support/answers.ts'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { profile, published, type ServingWorld, type ServingWorldOptions, servingWorld } from '../../test-support/serving-world.ts'
import { utf8Bytes } from '../client/utf8.ts'
import { referenceAnswer } from '../operator/answer.ts'
import { weightsFrom } from '../operator/reference-weights.ts'

const { hash } = nodeCryptography
const ask = { model: published.model, prompt: 'What does the contract say?', maxTokens: 200, seed: 7 }

test('an answer is the generator’s, token for token, and receipts cover it once', () => {
  const run = ready()

  const { heard } = run.submit(ask)
  run.world.run(20_000)

  expect(tokensOf(heard)).toEqual(expected())
  expect(rangesOf(heard)).toEqual([
    [0, 64],
    [64, 128],
    [128, 192],
    [192, 200],
  ])
  expect(endOf(heard)).toMatchObject({ outcome: 'ok', finish: 'length', resumed: false, charged: 7 + 400, usage: { promptTokens: 7 } })
  expect(run.receipts.map(({ id }) => id)).toEqual(endOf(heard).receipts)
})

test('another operator goes on where the one that crashed had come to', () => {
  const run = ready()
  const { heard } = run.submit(ask)
  run.world.run(5000)
  const [first] = run.events('dispatched')
  run.world.crash(nameOf(run, first?.operator))
  run.world.run(20_000)

  const [, second] = run.events('dispatched')
  expect(tokensOf(heard)).toEqual(expected())
  expect(second?.operator).not.toBe(first?.operator)
  expect(second?.from).toBeGreaterThan(64)
  expect(disjoint(rangesOf(heard))).toBe(true)
  expect(endOf(heard)).toMatchObject({ outcome: 'ok', resumed: true })
  expect(run.events('attemptFailed')).toMatchObject([{ code: 'lost' }])
})

test('the client goes on through another gateway when its own crashes, and hears no token twice', () => {
  const run = ready()
  const { heard } = run.submit(ask)
  run.world.run(5000)
  run.world.crash(nameOf(run, run.events('requestSent')[0]?.gateway))
  run.world.run(20_000)

  expect(tokensOf(heard)).toEqual(expected())
  expect(disjoint(rangesOf(heard))).toBe(true)
  expect(run.events('requestSent').map(({ requestId }) => requestId)).toEqual([endOf(heard).requestId, endOf(heard).requestId])
  expect(run.events('executionEnded').map(({ outcome }) => outcome)).toEqual(['cancelled', 'done'])
})

test('a partition of the operator looks like its crash', () => {
  const run = ready()
  const { heard } = run.submit(ask)
  run.world.run(5000)
  run.world.partition([[nameOf(run, run.events('dispatched')[0]?.operator)]])
  run.world.run(30_000)

  expect(tokensOf(heard)).toEqual(expected())
  expect(endOf(heard)).toMatchObject({ outcome: 'ok', resumed: true })
})

test('a caller that goes away stops the work everywhere, and pays for what was made', () => {
  const run = ready()
  const { cancel } = run.submit(ask)
  run.world.run(4500)
  cancel()
  run.world.run(10_000)

  expect(run.events('requestEnded')).toMatchObject([{ outcome: 'cancelled' }])
  expect(run.events('executionEnded')).toMatchObject([{ outcome: 'cancelled', at: 4510 }])
  const made = run.events('tokensMade').at(-1)?.to
  expect(run.receipts.map(({ payload }) => [payload.from, payload.to])).toEqual([[0, made]])
})

test('an answer that is not whole at the deadline ends there, with what came before it', () => {
  const run = ready()

  const { heard } = run.submit({ ...ask, deadlineMs: 1000 })
  run.world.run(20_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'deadline-passed' })
  expect(run.events('requestEnded')[0]?.at).toBeLessThanOrEqual(5010)
  expect(tokensOf(heard)).toEqual(expected().slice(0, tokensOf(heard).length))
  expect(tokensOf(heard).length).toBeGreaterThan(80)
  expect(run.events('executionEnded')).toHaveLength(1)
})

test('requests beyond slots and queues are refused at once, and none of the others is lost', () => {
  const serving = { ...defaultParameters.serving, queued: 2 }
  const run = ready({ operators: 2, parameters: { serving } })

  const asked = Array.from({ length: 16 }, (_, seed) => run.submit({ ...ask, seed }))
  run.world.run(40_000)

  const ends = asked.map(({ heard }) => endOf(heard))
  expect(ends.filter(({ outcome }) => outcome === 'ok')).toHaveLength(2 * (4 + 2))
  expect(ends.filter(({ code }) => code === 'overloaded')).toHaveLength(4)
  expect(Math.max(...run.events('requestEnded').map(({ code, totalMs }) => (code === 'overloaded' ? totalMs : 0)))).toBeLessThan(100)
})

test('a queue that takes longer than the longest silence is not taken for a lost operator', () => {
  const run = ready({ operators: 1, operator: (_, config) => ({ ...config, profile: { ...profile, slots: 1, decodeMsPerToken: 100 } }) })

  const asked = [run.submit(ask), run.submit(ask)]
  run.world.run(60_000)

  expect(asked.map(({ heard }) => endOf(heard).outcome)).toEqual(['ok', 'ok'])
  expect(run.events('attemptFailed')).toEqual([])
})

test('a model that nobody published is refused by name', () => {
  const run = ready()

  const { heard } = run.submit({ ...ask, model: 'acme/none@1.0' })
  run.world.run(6000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'unknown-model', charged: 0 })
  expect(endOf(heard).detail).toContain('acme/none@1.0')
})

test('a maximum below the price of the longest answer is refused before any work', () => {
  const run = ready()

  const { heard } = run.submit({ ...ask, maxCharge: 100 })
  run.world.run(6000)

  expect(endOf(heard)).toMatchObject({ code: 'charge-above-max', charged: 0 })
  expect(run.events('dispatched')).toEqual([])
})

test('with no operator left a request fails at once and costs nothing', () => {
  const run = ready({ operators: 1 })
  run.world.crash('operator-0')
  run.world.run(8000)

  const { heard } = run.submit(ask)
  run.world.run(9000)

  expect(endOf(heard)).toMatchObject({ code: 'no-operator', charged: 0 })
})

test('clients that know the price sign no more than the longest answer can cost', () => {
  const run = ready()
  const first = run.submit(ask)
  run.world.run(20_000)
  const second = run.submit(ask)
  run.world.run(40_000)

  const [before, after] = run.events('requestSent').map(({ maxCharge }) => maxCharge)
  expect(before).toBe(1_000_000)
  expect(after).toBe(407 + 4 + 3)
  expect([endOf(first.heard).outcome, endOf(second.heard).outcome]).toEqual(['ok', 'ok'])
})

test('equal seeds give equal runs', () => {
  const hashes = [1, 1, 2].map((seed) => {
    const run = ready({ seed })
    run.submit({ ...ask, seed })
    run.world.run(10_000)
    return run.world.traceHash()
  })

  expect(hashes[0]).toBe(hashes[1])
  expect(hashes[0]).not.toBe(hashes[2])
})

/** A world in which all operators have fetched the model and said so. */
function ready(options: ServingWorldOptions = {}): ServingWorld {
  const run = servingWorld(options)
  run.world.start()
  run.world.run(4000)
  return run
}

function expected(): readonly number[] {
  const weightsRoot = hash(weightsFrom(hash, published.weights))
  return referenceAnswer({ hash, weightsRoot, prompt: utf8Bytes(ask.prompt), request: ask }).tokens(0, ask.maxTokens)
}

function nameOf(run: ServingWorld, peerId: string | undefined): string {
  return run.network.directory.nameOf(peerId ?? '')
}
