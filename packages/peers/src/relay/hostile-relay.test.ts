import { openAs, type PeerEffect, type PeerMachine } from '@infermesh/protocol'
import { CHUNKED_INFER_FORMAT, encodeKeyConfigs } from '@infermesh/protocol/oblivious'
import { expect, test } from 'vitest'
import { endOf } from '../../test-support/answers.ts'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { measurement, obliviousWorld } from '../../test-support/oblivious-world.ts'
import { published } from '../../test-support/serving-world.ts'
import type { SmallNetwork } from '../../test-support/small-network.ts'

const ask = { model: published.model, prompt: 'What does the contract say?', maxTokens: 100, seed: 7 }
const tokens = { lot: 8, answerTokens: 128, promptTokens: 1024, worth: 1_000 }

/** A relay that does something else with each effect. */
const relayThat = (change: (effect: PeerEffect, network: SmallNetwork) => readonly PeerEffect[]) => ({
  relays: 1,
  replace: (name: string, machine: PeerMachine, network: SmallNetwork): PeerMachine =>
    name.startsWith('relay')
      ? {
          ...(machine.validate === undefined ? {} : { validate: machine.validate.bind(machine) }),
          handle: (input, now) => machine.handle(input, now).flatMap((effect) => change(effect, network)),
        }
      : machine,
})

/** Length 0, and a tag: what ends a sealed message. */
const FINAL_CHUNK = 17
const replaced = (bytes: Uint8Array, at: number, value: number): Uint8Array => bytes.map((byte, index) => (index === at ? value : byte))
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

/** Changes what goes to the gateway. */
const onRequest = (change: (body: Uint8Array) => Uint8Array) =>
  relayThat((effect) =>
    effect.type === 'request' && effect.message.type === 'Sealed'
      ? [{ ...effect, message: { ...effect.message, body: change(effect.message.body) } }]
      : [effect],
  )

/** Changes the pieces of answers; gives none to drop a piece. */
function onAnswer(change: (data: Uint8Array, number: number) => readonly Uint8Array[]) {
  let number = 0
  return relayThat((effect) => {
    if (effect.type !== 'respond' || effect.message.type !== 'SealedPart') return [effect]
    const { message } = effect
    const pieces = change(message.data, number++)
    const kept = pieces.map((data): PeerEffect => ({ ...effect, last: false, message: { ...message, data } }))
    return effect.last ? [...kept, { ...effect, message: { ...message, data: new Uint8Array(0) } }] : kept
  })
}

test.each([
  ['wrong key id', (body: Uint8Array) => flipped(body, 0), 'unknown-key'],
  ['a suite that the key does not take', (body: Uint8Array) => replaced(body, 6, 2), 'unknown-key'],
  ['a KEM that nobody has', (body: Uint8Array) => flipped(body, 2), 'unknown-key'],
  ['flipped key', (body: Uint8Array) => flipped(body, 12), 'seal-broken'],
  ['flipped content', (body: Uint8Array) => flipped(body, 70), 'seal-broken'],
  ['cut header', (body: Uint8Array) => body.subarray(0, 20), 'seal-broken'],
  ['cut content', (body: Uint8Array) => body.subarray(0, body.length - 30), 'seal-broken'],
])('a request with %s is refused in the open, and nothing is served', (_, change, code) => {
  const run = obliviousWorld({ ...onRequest(change), gateway: { replaysMax: 100 } })

  const { heard } = run.submit({ ...ask, deadlineMs: 20_000 })
  run.world.run(40_000)

  expect(endOf(heard).outcome).toBe('failed')
  expect(new Set(run.events('sealedRefused').map((event) => event.code))).toEqual(
    new Set(code === 'seal-broken' ? [code] : ['unknown-key']),
  )
  expect(run.events('executionStarted')).toEqual([])
})

test('a request without its final chunk is answered under the seal, like any other, and nothing is served', () => {
  const run = obliviousWorld(onRequest((body) => body.subarray(0, body.length - FINAL_CHUNK)))

  const { heard } = run.submit({ ...ask, deadlineMs: 20_000 })
  run.world.run(40_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'bad-request' })
  expect(run.events('sealedOpened').map(({ code }) => code)).toEqual(['bad-request'])
  expect(run.events('sealedRefused')).toEqual([])
  expect(run.events('executionStarted')).toEqual([])
})

test('a key of low order, and chunks in another order, are refused in the words of any other broken seal', () => {
  const told: unknown[] = []
  const run = obliviousWorld({ relays: 1 })
  const { keyId } = run.events('keysPublished')[0] ?? { keyId: 0 }
  const lowOrder = Uint8Array.from([keyId, 0, 0x20, 0, 1, 0, 1, ...new Uint8Array(32), 17, ...new Uint8Array(34)])
  const noise = replaced(lowOrder, 20, 9)
  for (const body of [lowOrder, noise]) {
    const message = { type: 'Forward', gateway: run.network.idOf('gateway-0'), media: CHUNKED_INFER_FORMAT.requestMedia, body } as const
    run.world.ask('relay-0', { stream: 'oblivious', message, timeout: 5_000 }, (answer) => told.push(answer))
  }
  run.world.run(8_000)

  expect(told[0]).toMatchObject({ message: { type: 'Refused', code: 'seal-broken' } })
  expect(told[1]).toEqual(told[0])
})

test('a request that comes again is served once, and its copy is answered under the seal', () => {
  let copies = 0
  const run = obliviousWorld({
    ...relayThat((effect) =>
      effect.type === 'request' && effect.message.type === 'Sealed'
        ? [effect, { ...effect, callId: `copy/${copies++}` }, { ...effect, callId: `copy/${copies++}` }]
        : [effect],
    ),
    client: { tokens },
    gateway: { payment: 'tokens' },
  })

  const { heard } = run.submit(ask)
  run.world.run(20_000)

  expect(endOf(heard).outcome).toBe('ok')
  expect(run.events('executionStarted')).toHaveLength(1)
  expect(run.events('sealedOpened').map(({ code }) => code)).toEqual([undefined, 'replayed', 'replayed'])
  expect(run.events('tokensSpent')).toMatchObject([{ count: 2 }])
  expect(run.events('sealedRefused')).toEqual([])
})

test.each([
  ['flipped', onAnswer((data, number) => [number === 3 ? flipped(data, data.length - 5) : data])],
  ['dropped', onAnswer((data, number) => (number === 3 ? [] : [data]))],
  ['doubled', onAnswer((data, number) => (number === 3 ? [data, data] : [data]))],
  ['cut off', onAnswer((data, number) => (number > 3 ? [] : [data]))],
])('an answer with a piece %s is never taken for whole, and is not asked for again', (_, hostile) => {
  const run = obliviousWorld(hostile)

  const { heard } = run.submit(ask)
  run.world.run(40_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'upstream-lost' })
  expect(run.events('sealedSent')).toHaveLength(1)
  expect(run.events('executionStarted')).toHaveLength(1)
})

test('pieces in another order open as nothing', () => {
  let held: Uint8Array | undefined
  const run = obliviousWorld(
    onAnswer((data, number) => {
      if (number === 2) {
        held = data
        return []
      }
      return number === 3 && held !== undefined ? [data, held] : [data]
    }),
  )

  const { heard } = run.submit(ask)
  run.world.run(40_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'upstream-lost' })
})

test('a relay that swaps the keys is not believed: nothing is sealed to keys that the gateway did not attest', () => {
  const run = obliviousWorld({ ...relayThat(swapKeys), client: { relayChoice: 'sticky' } })

  const { heard } = run.submit({ ...ask, deadlineMs: 5_000 })
  run.world.run(20_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'deadline-passed' })
  expect(run.events('sealedSent')).toEqual([])
  expect(new Set(run.events('keysRefused').map(({ reason }) => reason))).toEqual(new Set(['its attestation is for other keys']))
})

test('an unregistered code, or keys past their time, are refused too', () => {
  const run = obliviousWorld({ client: { measurement: measurement.replace('a', 'c') } })

  const { heard } = run.submit({ ...ask, deadlineMs: 5_000 })
  run.world.run(20_000)

  expect(endOf(heard)).toMatchObject({ outcome: 'failed', code: 'deadline-passed' })
  expect(new Set(run.events('keysRefused').map(({ reason }) => reason))).toEqual(new Set(['other code than expected holds the secret']))
})

test('a relay that is told to carry to a stranger carries nothing', () => {
  const run = obliviousWorld({ relays: 1 })
  const answers: unknown[] = []
  const message = { type: 'Forward', gateway: run.network.idOf('hub-0'), media: 'x', body: Uint8Array.of(1) } as const
  run.world.ask('relay-0', { stream: 'oblivious', message, timeout: 1_000 }, (answer) => answers.push(answer))
  run.world.run(8_000)

  expect(answers[0]).toMatchObject({ message: { type: 'Refused', code: 'not-processed' } })
})

/** Even with the gateway's own signature (its registry was broken into), and the old attestation. */
function swapKeys(effect: PeerEffect, network: SmallNetwork): readonly PeerEffect[] {
  if (effect.type !== 'respond' || effect.message.type !== 'KeysFound') return [effect]
  const keys = encodeKeyConfigs([{ keyId: 1, publicKey: new Uint8Array(32).fill(9), aeads: [1] }])
  const keyConfigs = effect.message.keyConfigs.map((raw) => {
    const { payload } = openAs('keyConfig', raw, { networkId: network.genesis.networkId, crypto: nodeCryptography })
    return network.signerOf('gateway-0').sign('keyConfig', { ...payload, keys }, 5_000).bytes
  })
  return [{ ...effect, message: { ...effect.message, keyConfigs } }]
}
