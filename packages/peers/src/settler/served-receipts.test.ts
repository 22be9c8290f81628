import { defaultParameters } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { published, servingWorld } from '../../test-support/serving-world.ts'
import { createSettler } from './settler.ts'

test('what real operators served is logged and paid, by a settler that is alone', () => {
  const settlement = { ...defaultParameters.settlement, challengeWindow: 2_000, batch: { size: 3, idle: 1_000, maxAge: 2_000 } }
  const run = servingWorld({
    parameters: { settlement },
    replace: (name, machine) => (name === 'settler-0' ? createSettler({}, run.network.servicesOf(name)) : machine),
  })
  run.world.start()
  run.world.run(8_000)

  run.submit({ model: published.model, prompt: 'What does the contract say?', maxTokens: 200, seed: 7 })
  run.world.run(40_000)

  expect(run.events('receiptVoid')).toEqual([])
  expect(run.events('leafSettled').map(({ from, to }) => [from, to])).toEqual([
    [0, 64],
    [64, 128],
    [128, 192],
    [192, 200],
  ])
  expect(run.events('leafSettled').reduce((sum, { amount }) => sum + amount, 0)).toBe(7 + 400)
})
