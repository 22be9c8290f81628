import { publish, setTimer } from '@infermesh/kernel'
import { Signer } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { endOf } from '../../../test-support/answers.ts'
import { nodeCryptography } from '../../../test-support/cryptography.ts'
import { published, type ServingWorld, type ServingWorldOptions, servingWorld } from '../../../test-support/serving-world.ts'
import { smallEngine } from '../../../test-support/small-gpu.ts'
import { smallNetwork } from '../../../test-support/small-network.ts'
import { promptOfPassages } from '../../client/passages.ts'
import { promptKeys } from '../../operator/engine/prompt-keys.ts'
import { ClaimTrust } from './claim-trust.ts'

const { model } = published

test('a conversation stays where its memory is, through whichever gateway it comes', () => {
  const run = ready({ operators: 4, gateways: 3 })
  for (let turn = 0; turn < 10; turn++) {
    run.submit({ model, passages: [{ text: 'talk', from: 0, tokens: 1_600 + 37 * turn }], maxTokens: 4, session: { id: 's', turn } })
    run.world.run(run.world.now() + 3_000)
  }

  expect(new Set(run.events('dispatched').map(({ operator }) => operator)).size).toBe(1)
  expect(new Set(run.events('requestSent').map(({ gateway }) => gateway)).size).toBeGreaterThan(1)
  expect(
    run
      .events('kvServed')
      .slice(1)
      .every(({ cachedTokens, promptTokens }) => cachedTokens > promptTokens - 64),
  ).toBe(true)
})

test('blocks have one name for everyone within the public tokens, and each client’s own beyond', () => {
  const named = (client: string, publicTokens: number) => {
    const session = { id: 's', turn: 0, last: false, pause: 'user', expectMs: undefined, sigmaPerMille: undefined, publicTokens } as const
    return [
      ...Array.from(promptKeys({ model, client, prompt: promptOfPassages([{ text: 'front', from: 0, tokens: 90 }]), session }, 16).keys),
    ]
  }
  const [ada, bob] = [named('ada', 40), named('bob', 40)]

  expect(ada).toHaveLength(5)
  expect(bob.map((key, block) => key === ada[block])).toEqual([true, true, false, false, false])
  expect(named('ada', 0).filter((key) => named('bob', 0).includes(key))).toEqual([])
})

test('a queue at the holder sends a shared front elsewhere, which then holds it too', () => {
  const run = ready({ operators: 3, gateways: 1 })
  const asked = Array.from({ length: 12 }, (_, index) => {
    const passages = [
      { text: 'front', from: 0, tokens: 1_600 },
      { text: `own ${index}`, from: 0, tokens: 3_200 },
    ]
    const { heard } = run.submit({ model, passages, maxTokens: 10, session: { id: `s${index}`, publicTokens: 1_600 } })
    run.world.run(run.world.now() + 120)
    return heard
  })
  run.world.run(run.world.now() + 20_000)

  expect(asked.every((heard) => endOf(heard).outcome === 'ok')).toBe(true)
  expect(new Set(run.events('dispatched').map(({ operator }) => operator)).size).toBe(3)
})

test('an operator that claims what it does not hold is believed less and less', () => {
  const prompt = (id: string) => [{ text: id, from: 0, tokens: 6_400 }]
  const network = smallNetwork({ client: 1, operator: 2 })
  // The liar claims every conversation's front, as if it had copied others' digests.
  const boasting: ServingWorldOptions['replace'] = (name, machine) => {
    if (name !== 'operator-1') return machine
    const keys = Array.from(
      { length: 12 },
      (_, index) =>
        promptKeys({ model, client: network.idOf('client-0'), prompt: promptOfPassages(prompt(`talk ${index}`)), session: undefined }, 16)
          .keys,
    )
    const context = { networkId: network.genesis.networkId, crypto: nodeCryptography }
    const signer = new Signer(network.servicesOf(name).identity, context)
    const heads = keys.map((chain) => ({ key: chain[chain.length - 1] ?? 0, blocks: chain.length }))
    return {
      ...machine,
      validate: machine.validate?.bind(machine) ?? (() => 'accept'),
      handle(input, now) {
        const effects = machine.handle(input, now).filter((effect) => effect.type !== 'publish' || effect.envelope.type !== 'memoryDigest')
        if (input.type === 'started') return [...effects, setTimer('boast', 100)]
        if (input.type !== 'timer' || input.key !== 'boast') return effects
        const digest = { blockTokens: 16, freeTokens: 1e6, waitingTokens: 0, microsPerToken: 100, heads }
        return [publish('capacity', signer.sign('memoryDigest', digest, now)), setTimer('boast', 500)]
      },
    }
  }
  const run: ServingWorld = ready({ operators: 2, gateways: 1, replace: boasting })
  for (let index = 0; index < 12; index++) {
    run.submit({ model, passages: prompt(`talk ${index}`), maxTokens: 4 })
    run.world.run(run.world.now() + 2_500)
  }

  const liar = run.network.idOf('operator-1')
  const toLiar = run.events('dispatched').map(({ operator }) => operator === liar)
  expect(toLiar.slice(0, 3)).toEqual([true, true, true])
  expect(toLiar.slice(-4).filter(Boolean).length).toBeLessThan(4)
})

test('trust falls with each claim that cost as much as no claim, and comes back with time', () => {
  const trust = new ClaimTrust()
  const claim = { withMs: 100, withoutMs: 1_100 }
  for (let index = 0; index < 5; index++) trust.measured('liar', claim, 1_050, index)
  trust.measured('honest', claim, 400, 0)
  trust.measured('idle', { withMs: 100, withoutMs: 150 }, 10_000, 0)

  expect(trust.of('liar', 5)).toBeLessThan(0.4)
  expect(trust.of('liar', 3_600_000)).toBeGreaterThan(0.99)
  expect([trust.of('honest', 1), trust.of('idle', 1), trust.of('new', 1)]).toEqual([1, 1, 1])
})

function ready(options: ServingWorldOptions): ServingWorld {
  const run = servingWorld({
    gateway: { policy: 'prefix' },
    operator: (_, config) => ({ ...config, engine: { ...smallEngine, blocks: 8_000, blockSize: 16 } }),
    ...options,
  })
  run.world.start()
  run.world.run(5_000)
  return run
}
