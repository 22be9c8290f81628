import { defaultParameters, requestIdOf } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { endOf } from '../../test-support/answers.ts'
import {
  answer,
  asked,
  command,
  envelopeOf,
  heardBy,
  infers,
  manifest,
  network,
  newClient,
  submit,
} from '../../test-support/asked-client.ts'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { highestCharge } from './charge.ts'

const { hash } = nodeCryptography

test('signs what it is asked for, under an id that nobody else can make', () => {
  const { client } = asked({ ...submit, seed: 4, deadlineMs: 5000, maxCharge: 77 })
  const { payload, signer } = envelopeOf(client)

  expect(payload).toMatchObject({ model: submit.model, promptTokens: 2, maxTokens: 20, seed: 4, maxCharge: 77, deadline: 5000 })
  expect(client.events()).toMatchObject([{ type: 'requestSent', requestId: requestIdOf(hash, signer, payload), maxCharge: 77, attempt: 1 }])
  expect(payload.trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

test('signs the price of the longest answer once it knows the manifest', () => {
  const { client } = asked()
  answer(client, { type: 'ManifestFound', manifest: manifest.bytes }, { stream: 'fetch' })
  client.ask('local', command(submit))

  const highest = highestCharge(manifest.payload, { promptTokens: 2, maxTokens: 20 }, defaultParameters.serving)
  expect(client.events().map((event) => ('maxCharge' in event ? event.maxCharge : 0))).toEqual([1_000_000, highest])
})

test('goes round the gateways, waits longer each time, and then gives up', () => {
  const { client, heard } = asked({ ...submit, deadlineMs: 60_000 }, { attempts: 5, retryAfter: 100 })
  const sentAt: number[] = []
  for (let attempt = 0; attempt < 5; attempt++) {
    while (infers(client).length === attempt) client.advance(1)
    sentAt.push(client.now)
    const { callId = '' } = infers(client).at(-1) ?? {}
    client.handle({ type: 'failed', callId, failure: { code: 'unreachable', detail: 'gone' } })
  }

  expect(sentAt).toEqual([0, 0, 100, 200, 400])
  expect(endOf(heard())).toMatchObject({ outcome: 'failed', code: 'upstream-lost' })
})

test('one gateway’s refusal is not believed while there is another to ask', () => {
  const { client, heard } = asked()
  answer(client, { type: 'Refused', code: 'overloaded', detail: 'full', retryAfter: 5 }, { last: true })
  expect(infers(client)).toHaveLength(2)
  answer(client, { type: 'Refused', code: 'owner-offline', detail: 'node owner-0', retryAfter: undefined }, { last: true })

  expect(infers(client)).toHaveLength(2)
  expect(endOf(heard())).toMatchObject({ outcome: 'failed', code: 'owner-offline', detail: 'node owner-0' })
})

test('gives up at the deadline though the gateway says nothing', () => {
  const { client, heard } = asked({ ...submit, deadlineMs: 1000 })
  client.advance(1499)
  expect(heard().at(-1)?.kind).toBe('started')
  client.advance(1)

  expect(endOf(heard())).toMatchObject({ code: 'deadline-passed', totalMs: 1500 })
  expect(client.effects.some(({ type }) => type === 'cancel')).toBe(true)
})

test.each([
  ['no JSON', 'tokens please'],
  ['no model', JSON.stringify({ ...submit, model: 5 })],
  ['no prompt', JSON.stringify({ ...submit, prompt: undefined })],
  ['no answer', JSON.stringify({ ...submit, maxTokens: 0 })],
  ['half a coin', JSON.stringify({ ...submit, maxCharge: 0.5 })],
  ['a broken trace', JSON.stringify({ ...submit, trace: '00-zz' })],
])('refuses %s', (_, argument) => {
  const client = newClient()
  const id = client.ask('local', { type: 'Command', name: 'submit', argument })

  expect(heardBy(client, id)).toMatchObject([{ kind: 'ended', outcome: 'failed', code: 'bad-request' }])
})

test('has a limit for requests at one time, and takes none from the network', () => {
  const { client } = asked(submit, { running: 1 })
  const second = client.ask('local', command(submit))
  const foreign = client.ask(network.idOf('gateway-0'), command(submit))

  expect(heardBy(client, second)).toMatchObject([{ kind: 'ended', code: 'overloaded' }])
  expect(client.answersTo(foreign)).toMatchObject([{ type: 'Refused', code: 'not-authorized' }])
})
