import {
  chargeOf,
  defaultParameters,
  type Message,
  type MessageOf,
  openAs,
  type Receipt,
  requestIdOf,
  tokensHashOf,
} from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { endOf, tokensOf } from '../../test-support/answers.ts'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { HandDriven } from '../../test-support/hand-driven.ts'
import { playedManifest } from '../../test-support/played-requests.ts'
import { smallNetwork } from '../../test-support/small-network.ts'
import type { AnswerEvent } from './answer-events.ts'
import { highestCharge } from './charge.ts'
import { createClient } from './client.ts'
import type { ClientConfig } from './client-config.ts'

const network = smallNetwork({ client: 1, gateway: 2, operator: 2 })
const context = { networkId: network.genesis.networkId, crypto: nodeCryptography }
const { hash } = nodeCryptography
const manifest = playedManifest(network, Uint8Array.of(1, 2, 3))
const submit = { model: 'acme/echo@1.0', prompt: 'Grüße', maxTokens: 20 }
const gateways = ['gateway-0', 'gateway-1'].map(network.idOf)

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

test.each<[string, Message]>([
  ['a gap', { type: 'Tokens', from: 3, tokens: [7] }],
  ['other tokens than before', { type: 'Tokens', from: 0, tokens: [5, 7] }],
  ['more than asked for', { type: 'Tokens', from: 2, tokens: Array.from({ length: 19 }, () => 1) }],
  ['a token outside the vocabulary', { type: 'Tokens', from: 2, tokens: [4096 + 0xd800] }],
  ['an end that counts otherwise', { type: 'Completed', tokens: 3, finish: 'length', epoch: 0, endedAt: 0, resumed: false }],
])('a gateway that brings %s is left for another, with the same request', (_, wrong) => {
  const { client, heard } = asked()
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6] })
  answer(client, wrong)
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6, 8] })

  const [first, second] = infers(client)
  expect(second?.to).not.toBe(first?.to)
  expect(second?.message).toEqual(first?.message)
  expect(tokensOf(heard())).toEqual([5, 6, 8])
  expect(client.events()).toContainEqual(expect.objectContaining({ type: 'refusedInput', from: first?.to }))
})

test('lists the receipts that fit the answer, each once, and what they charge', () => {
  const { client, heard } = asked()
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6, 7] })
  const good = receipt(client, [5, 6], {})
  answer(client, good)
  answer(client, good)
  answer(client, receipt(client, [5], {}))
  answer(client, { type: 'Completed', tokens: 3, finish: 'length', epoch: 0, endedAt: 0, resumed: false }, { last: true })

  const due = chargeOf(manifest.payload, { promptTokens: 2, from: 0, to: 2 })
  expect(endOf(heard())).toMatchObject({ outcome: 'ok', charged: due, operators: ['operator-0'] })
  expect(endOf(heard()).receipts).toHaveLength(1)
})

test.each<[string, Partial<Receipt>]>([
  ['counts tokens that did not come', { to: 4 }],
  ['names other tokens', { outputHash: '11'.repeat(32) }],
  ['continues another answer', { prefixHash: '11'.repeat(32) }],
  ['is for another request', { requestId: '11'.repeat(32) }],
  ['names another seed', { seed: 99 }],
  ['counts a longer prompt', { promptTokens: 3 }],
  ['pays another peer', { payee: network.idOf('operator-1') }],
  ['charges more than the price', { amount: 10_000 }],
  ['names other weights', { weightsRoot: '11'.repeat(32) }],
])('a receipt that %s is not listed, and the answer goes on', (_, changes) => {
  const { client, heard } = asked()
  answer(client, { type: 'ManifestFound', manifest: manifest.bytes }, { stream: 'fetch' })
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6, 7] })
  answer(client, receipt(client, [5, 6], changes))
  expect(client.events().at(-1)).toMatchObject({ type: 'refusedInput' })
  answer(client, { type: 'Completed', tokens: 3, finish: 'length', epoch: 0, endedAt: 0, resumed: false }, { last: true })

  expect(endOf(heard())).toMatchObject({ outcome: 'ok', charged: 0, receipts: [] })
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

test('an overloaded gateway is tried at the other one, other refusals are the answer', () => {
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

const newClient = (config: Partial<ClientConfig> = {}): HandDriven =>
  new HandDriven(createClient({ gateways, ...config }, network.servicesOf('client-0')))

const command = (argument: object): Message => ({ type: 'Command', name: 'submit', argument: JSON.stringify(argument) })

function asked(argument: object = submit, config: Partial<ClientConfig> = {}): { client: HandDriven; heard: () => readonly AnswerEvent[] } {
  const client = newClient(config)
  const id = client.ask('local', command(argument))
  return { client, heard: () => heardBy(client, id) }
}

const heardBy = (client: HandDriven, id: string): readonly AnswerEvent[] =>
  client.answersTo(id).map((message) => JSON.parse(message.type === 'CommandDone' ? message.result : 'null'))

const callsOn = (client: HandDriven, stream: string) => client.calls().filter((call) => call.stream === stream)
const infers = (client: HandDriven) => callsOn(client, 'infer')

/** Speaks as the gateway that was asked last. */
function answer(client: HandDriven, message: Message, { stream = 'infer', last = false } = {}): void {
  client.handle({ type: 'response', callId: callsOn(client, stream).at(-1)?.callId ?? '', message, last })
}

function envelopeOf(client: HandDriven) {
  const message = infers(client)[0]?.message
  if (message?.type !== 'Infer') throw new Error('the client has not asked yet')
  return openAs('request', message.request, context)
}

/** A receipt by `operator-0` over the first tokens of the answer. */
function receipt(client: HandDriven, tokens: readonly number[], changes: Partial<Receipt>): MessageOf<'Receipted'> {
  const { payload, signer, bytes } = envelopeOf(client)
  const { promptTokens, seed, bodyHash, model, trace } = payload
  const signed = network.signerOf('operator-0').sign(
    'receipt',
    {
      ...{ requestId: requestIdOf(hash, signer, payload), attempt: 1, from: 0, to: tokens.length, model, epoch: 0, attestation: undefined },
      ...{ weightsRoot: manifest.payload.weightsRoot, engineBuild: manifest.payload.engineBuild, bodyHash, promptTokens, seed },
      ...{ prefixHash: tokensHashOf(hash, []), outputHash: tokensHashOf(hash, tokens), startedAt: 0, endedAt: 0 },
      amount: chargeOf(manifest.payload, { promptTokens, from: 0, to: tokens.length }),
      ...{ payee: network.idOf('operator-0'), request: bytes, dispatch: bytes, operatorSeq: 0, previous: new Uint8Array(), trace },
      ...changes,
    },
    0,
  )
  return { type: 'Receipted', receipt: signed.bytes }
}
