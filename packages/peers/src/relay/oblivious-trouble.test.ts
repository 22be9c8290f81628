import { randomFrom } from '@infermesh/kernel'
import type { PeerEffect } from '@infermesh/protocol'
import type { ObliviousServices } from '@infermesh/protocol/oblivious'
import { expect, test } from 'vitest'
import { measurement, type ObliviousWorld, obliviousWorld, seededSecrets } from '../../test-support/oblivious-world.ts'
import { published } from '../../test-support/serving-world.ts'
import type { SmallNetwork } from '../../test-support/small-network.ts'
import { createClient } from '../client/client.ts'

const ask = { model: published.model, prompt: 'What does the contract say?', maxTokens: 100, seed: 7 }
const tokens = { lot: 8, answerTokens: 128, promptTokens: 1024, worth: 1_000 }

/** The most seals of one request that were on their way at one time. */
function mostAtOnce(run: ObliviousWorld): number {
  const requests = new Map<string, string>()
  const out = new Map<string, number>()
  let most = 0
  for (const { event } of run.records) {
    if (event.type === 'sealedSent' && event.requestId !== undefined) {
      requests.set(event.sealed, event.requestId)
      const count = (out.get(event.requestId) ?? 0) + 1
      out.set(event.requestId, count)
      most = Math.max(most, count)
    }
    const ended = event.type === 'sealedEnded' ? requests.get(event.sealed) : undefined
    if (ended !== undefined) out.set(ended, (out.get(ended) ?? 0) - 1)
  }
  return most
}

test('however a request comes to be sent anew, no two seals of it are out at once, and it is worked on once', () => {
  const run = obliviousWorld({ clients: 1, gateways: 2, gateway: { keyLife: 6_000, announceEvery: 500 } })
  run.world.crash('gateway-0')
  for (let at = 4_050; at < 10_000; at += 130) {
    run.world.run(at)
    // New requests keep on asking for keys that ran out: each answer wakes all that wait.
    run.submit({ ...ask, maxTokens: 20, seed: at })
    if (at === 6_910) run.world.restart('gateway-0')
  }
  run.world.run(60_000)

  expect(run.events('sealedSent').some(({ attempt }) => attempt >= 3)).toBe(true)
  expect(mostAtOnce(run)).toBe(1)
  const worked = run.events('executionStarted').map(({ requestId }) => requestId)
  expect(new Set(worked).size).toBe(worked.length)
  expect(new Set(run.events('requestEnded').map(({ outcome }) => outcome))).toEqual(new Set(['ok']))
})

test('a client that shows its tokens under two seals is served once, and told so under the other', () => {
  let isSplit = false
  const secrets = [0, 1].map(() => seededSecrets(randomFrom('one purse')))
  const machineWith = (network: SmallNetwork, oblivious: ObliviousServices) => {
    const ids = (role: 'gateway' | 'relay') => network.directory.all(role).map(({ peerId }) => peerId)
    const config = { gateways: ids('gateway'), oblivious: { relays: ids('relay'), measurement, tokens } }
    return createClient(config, { ...network.servicesOf('client-0'), oblivious })
  }
  const run = obliviousWorld({
    relays: 1,
    gateway: { payment: 'tokens' },
    // Two clients in one, that draw and hear the same: they have the same tokens. From some moment on they seal with keys of their own.
    replace(name, machine, network) {
      if (name !== 'client-0') return machine
      const [own, other] = secrets.map((oblivious, index) => {
        const later = randomFrom(`client ${index}`)
        const entropy = (length: number) => (isSplit ? Uint8Array.from({ length }, () => later.below(256)) : oblivious.entropy(length))
        return machineWith(network, { ...oblivious, entropy })
      })
      const again = (effect: PeerEffect) =>
        effect.type === 'request' && effect.message.type === 'Forward' ? [{ ...effect, callId: `other/${effect.callId}` }] : []
      return {
        handle: (input, now) => [...(own?.handle(input, now) ?? []), ...(other?.handle(input, now) ?? []).flatMap(again)],
      }
    },
  })
  run.world.run(20_000)
  isSplit = true
  run.submit(ask)
  run.world.run(40_000)

  expect(run.events('sealedOpened').map(({ code }) => code)).toEqual([undefined, 'payment-refused'])
  expect(run.events('executionStarted')).toHaveLength(1)
  expect(run.events('tokensSpent')).toMatchObject([{ count: 2 }])
})

test('tokens are good at a gateway that is back, before the issuer says its key again', () => {
  const run = obliviousWorld({ client: { tokens }, gateway: { payment: 'tokens' } })
  run.world.run(20_000)
  run.world.crash('gateway-0')
  run.world.run(20_500)
  run.world.restart('gateway-0')
  run.submit(ask)
  run.world.run(23_000)

  expect(run.events('requestEnded').map(({ outcome }) => outcome)).toEqual(['ok'])
})

test('a gateway that knows no issuer takes no request that pays with tokens, and none is lost', () => {
  const run = obliviousWorld({ client: { tokens }, gateway: { payment: 'tokens' } })
  run.world.run(20_000)
  for (const name of ['gateway-0', 'relay-0', 'relay-1']) run.world.crash(name)
  run.world.crash('issuer-0')
  run.world.run(20_500)
  for (const name of ['gateway-0', 'relay-0', 'relay-1']) run.world.restart(name)
  run.world.run(26_000)
  run.submit(ask)
  run.world.run(27_000)
  expect(run.events('requestEnded')).toHaveLength(0)

  run.world.restart('issuer-0')
  run.world.run(60_000)
  expect(run.events('requestEnded').map(({ outcome }) => outcome)).toEqual(['ok'])
  expect(run.events('tokensSpent')).toHaveLength(1)
})

test('keys that live shorter than they overlap never are three at once', () => {
  const run = obliviousWorld({ gateway: { keyLife: 2_000, keyOverlap: 60_000 } })

  run.world.run(11_000)
  run.submit({ ...ask, maxTokens: 5 })
  run.world.run(15_000)

  expect(new Set(run.events('keysPublished').map(({ keyId }) => keyId)).size).toBeGreaterThan(5)
  expect(run.events('requestEnded').map(({ outcome }) => outcome)).toEqual(['ok'])
})
