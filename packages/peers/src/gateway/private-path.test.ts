import { defaultParameters } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { disjoint, endOf, rangesOf, tokensOf } from '../../test-support/answers.ts'
import { type ServingWorld, servingWorld } from '../../test-support/serving-world.ts'
import type { StandbyConfig } from '../operator/private-models/config.ts'

const model = 'acme/contract-risk@1.0'
const measurement = 'ab'.repeat(32)
const ask = { model, prompt: 'Which clause is the risk?', maxTokens: 300, seed: 9, deadlineMs: 60_000 }

test('the owner answers under its lease, and its receipts name the epoch', () => {
  const run = privateWorld([])

  const { heard } = run.submit(ask)
  run.world.run(30_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'ok', operators: ['operator-0'] })
  expect(run.events('dispatched')).toMatchObject([{ policy: 'lease', epoch: 1 }])
  expect(run.receipts.every(({ payload }) => payload.epoch === 1)).toBe(true)
})

test('a standby goes on with the same answer when the owner crashes in the middle', () => {
  const whole = privateWorld([])
  const undisturbed = whole.submit(ask)
  whole.world.run(30_000)
  const run = privateWorld([{ peer: 'operator-1', temperature: 'hot', priority: 0 }])

  const { heard } = run.submit(ask)
  run.world.run(11_500)
  run.world.crash('operator-0')
  run.world.run(60_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'ok', resumed: true, operators: ['operator-0', 'operator-1'] })
  expect(tokensOf(heard)).toEqual(tokensOf(undisturbed.heard))
  expect(disjoint(rangesOf(heard))).toBe(true)
  expect(run.events('requestWaiting')).toHaveLength(1)
  expect(run.events('dispatched').map(({ epoch }) => epoch)).toEqual([1, 2])
})

test('without a standby a request fails at once when the owner is gone, names its node, and costs nothing', () => {
  const run = privateWorld([])
  run.world.crash('operator-0')
  run.world.run(14_000)

  const { heard } = run.submit(ask)
  run.world.run(14_100)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'owner-offline', charged: 0 })
  expect(endOf(heard).detail).toContain('operator-0')
})

test('a request that waits for a lease is given up when the wait is over', () => {
  const serving = { ...defaultParameters.serving, leaseWait: 1_000 }
  const run = privateWorld([{ peer: 'operator-1', temperature: 'hot', priority: 0 }], { serving })
  run.world.crash('operator-0')
  run.world.run(13_000)

  const { heard } = run.submit(ask)
  run.world.run(15_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'owner-offline' })
  expect(endOf(heard).totalMs).toBeLessThan(1_500)
})

test('an owner that is paused in the middle of an answer signs nothing for it when it wakes', () => {
  const run = privateWorld([{ peer: 'operator-1', temperature: 'hot', priority: 0 }])
  const { heard } = run.submit(ask)
  run.world.run(11_500)
  run.world.pause('operator-0')
  run.world.run(40_000)
  run.world.resume('operator-0')
  run.world.run(60_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'ok', resumed: true })
  const made = run.events('tokensMade').filter(({ peer }) => peer === 'operator-0')
  expect(made.length).toBeGreaterThan(0)
  expect(made.filter(({ at, agoMs }) => at - (agoMs.at(-1) ?? 0) > 11_500)).toEqual([])
  expect(run.events('executionEnded').filter(({ peer }) => peer === 'operator-0')).toMatchObject([{ outcome: 'lost-lease' }])
  expect(disjoint(run.receipts.map(({ payload }) => [payload.from, payload.to]))).toBe(true)
})

/** An owner (`operator-0`) and its standbys, with the lease held and the gateways aware of it. */
function privateWorld(standbys: readonly StandbyConfig[], parameters = {}): ServingWorld {
  const owned = {
    ...{ model, measurement, standbys, engineBuild: 'reference-1' },
    weights: { seed: 'contract-risk', bytes: 20_000 },
    prices: { promptPerMillion: 1_000_000, answerPerMillion: 2_000_000 },
  }
  const run = servingWorld({
    ...{ operators: standbys.length + 1, grantors: 5, parameters },
    operator: (name, config) => ({
      ...{ profile: config.profile, measurement },
      ...(name === 'operator-0' ? { owns: [owned] } : {}),
    }),
  })
  run.world.start()
  run.world.run(10_000)
  return run
}
