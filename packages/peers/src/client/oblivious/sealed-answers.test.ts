import { randomFrom } from '@infermesh/kernel'
import type { PeerMachine } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { endOf } from '../../../test-support/answers.ts'
import { measurement, obliviousWorld, seededSecrets } from '../../../test-support/oblivious-world.ts'
import { published } from '../../../test-support/serving-world.ts'
import { createGateway } from '../../gateway/gateway.ts'
import { withOblivious } from '../../gateway/oblivious/oblivious-gateway.ts'

const ask = { model: published.model, prompt: 'What does the contract say?', maxTokens: 100, seed: 7 }

test('an answer that the gateway changed under the seal is refused, and the request fails with its name', () => {
  const run = obliviousWorld({
    replace: (name, machine, network) => {
      if (name !== 'gateway-0') return machine
      const services = { ...network.servicesOf(name), oblivious: seededSecrets(randomFrom('gateway')) }
      return withOblivious({ measurement }, changingTokens(createGateway({}, services)), services)
    },
  })

  const { heard } = run.submit(ask)
  run.world.run(20_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'answer-tampered', receipts: [], usage: { answerTokens: 0 } })
  expect(endOf(heard).detail).toContain('gateway-0')
  expect(run.events('answerRefused')).toMatchObject([{ peer: 'client-0', by: run.network.idOf('gateway-0') }])
})

const changingTokens = (machine: PeerMachine): PeerMachine => ({
  validate: (topic, envelope, now) => machine.validate?.(topic, envelope, now) ?? 'accept',
  handle: (input, now) =>
    machine.handle(input, now).map((effect) => {
      if (effect.type !== 'respond' || effect.message.type !== 'Tokens') return effect
      return { ...effect, message: { ...effect.message, tokens: effect.message.tokens.map((token) => token ^ 1) } }
    }),
})
