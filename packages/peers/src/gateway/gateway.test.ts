import type { Message, PeerEffect, Receipt } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { HandDriven } from '../../test-support/hand-driven.ts'
import { playedManifest, playedReceipt, playedRequest } from '../../test-support/played-requests.ts'
import { smallNetwork } from '../../test-support/small-network.ts'
import { createGateway } from './gateway.ts'
import type { GatewayConfig } from './gateway-config.ts'

const network = smallNetwork({ client: 1, gateway: 1, operator: 3, hub: 2 })
const manifest = playedManifest(network, Uint8Array.of(1, 2, 3))
const request = playedRequest(network)
const infer = { type: 'Infer', request: request.envelope.bytes, prompt: request.prompt } as const
const client = network.idOf('client-0')

test('the same request again, while it runs, hears what came and what comes', () => {
  const gateway = ready()
  const first = gateway.ask(client, infer)
  answer(gateway, { type: 'Tokens', from: 0, tokens: [5, 6] })
  const second = gateway.ask(client, infer)
  answer(gateway, { type: 'Tokens', from: 2, tokens: [7] })

  expect(toldTo(gateway, second)).toEqual([
    { type: 'Tokens', from: 0, tokens: [5, 6] },
    { type: 'Tokens', from: 2, tokens: [7] },
  ])
  expect(executions(gateway)).toHaveLength(1)
  gateway.handle({ type: 'cancelled', id: first })
  expect(gateway.effects.some(({ type }) => type === 'cancel')).toBe(false)
  gateway.handle({ type: 'cancelled', id: second })
  expect(gateway.effects.at(-2)).toMatchObject({ type: 'cancel', callId: executions(gateway)[0]?.callId })
})

test('the same request again, after its end, gets the same answer and costs no work', () => {
  const gateway = ready()
  gateway.ask(client, infer)
  answer(gateway, { type: 'Tokens', from: 0, tokens: [5, 6] })
  answer(gateway, receipt(gateway, [5, 6]))
  answer(gateway, completed(2), true)
  const again = gateway.ask(client, infer)

  expect(toldTo(gateway, again)).toMatchObject([{ tokens: [5, 6] }, { type: 'Receipted' }, { type: 'Completed', tokens: 2 }])
  expect(executions(gateway)).toHaveLength(1)
})

test('the same request again, after its client hung up, goes on after the tokens that are known', () => {
  const gateway = ready()
  const first = gateway.ask(client, infer)
  answer(gateway, { type: 'Tokens', from: 0, tokens: [5, 6] })
  gateway.handle({ type: 'cancelled', id: first })
  const again = gateway.ask(client, infer)

  expect(toldTo(gateway, again)).toEqual([{ type: 'Tokens', from: 0, tokens: [5, 6] }])
  expect(executions(gateway)[1]?.message).toMatchObject({ prefix: [5, 6] })
  expect(gateway.events().filter(({ type }) => type === 'dispatched')).toMatchObject([{ attempt: 1 }, { attempt: 2, from: 2 }])
})

test.each<[string, Message]>([
  ['a gap', { type: 'Tokens', from: 3, tokens: [7] }],
  ['a repetition', { type: 'Tokens', from: 1, tokens: [6] }],
  ['more than asked for', { type: 'Tokens', from: 2, tokens: Array.from({ length: 19 }, () => 1) }],
  ['an end that counts otherwise', completed(3)],
  ['an end before its last receipt', completed(2)],
  ['another message', { type: 'KeyHeld', model: 'm' }],
])('an operator that answers with %s is blamed and replaced; only what it signed for stays', (_, wrong) => {
  const gateway = ready()
  const id = gateway.ask(client, infer)
  answer(gateway, { type: 'Tokens', from: 0, tokens: [5] })
  answer(gateway, receipt(gateway, [5]))
  answer(gateway, { type: 'Tokens', from: 1, tokens: [6] })
  answer(gateway, wrong)

  const [first, second] = executions(gateway)
  expect(gateway.events()).toContainEqual(expect.objectContaining({ type: 'refusedInput', from: first?.to }))
  expect(second?.to).not.toBe(first?.to)
  expect(second?.message).toMatchObject({ prefix: [5] })
  expect(toldTo(gateway, id)).toMatchObject([{ tokens: [5] }, { type: 'Receipted' }, { tokens: [6] }])
  expect(gateway.answersTo(id).at(-1)).toEqual({ type: 'Working', operator: second?.to, attempt: 2 })
})

test.each<[string, Partial<Receipt>]>([
  ['names other tokens', { outputHash: '11'.repeat(32) }],
  ['continues another answer', { prefixHash: '11'.repeat(32) }],
  ['charges more than the price', { amount: 10_000 }],
])('an operator whose receipt %s is as good as lost: its client would refuse the answer', (_, changes) => {
  const gateway = ready()
  const id = gateway.ask(client, infer)
  answer(gateway, { type: 'Tokens', from: 0, tokens: [5, 6] })
  answer(gateway, receipt(gateway, [5, 6], changes))

  const [first, second] = executions(gateway)
  expect(second?.to).not.toBe(first?.to)
  expect(second?.message).toMatchObject({ prefix: [] })
  expect(toldTo(gateway, id)).toHaveLength(1)
})

test('goes on where another gateway left off, with the operator that was at work there', () => {
  const gateway = ready()
  const held = { tokens: [5, 6, 7], vouched: 2, operator: network.idOf('operator-2'), attempt: 3 }
  const id = gateway.ask(client, { ...infer, type: 'Resume', ...held })

  expect(executions(gateway)).toMatchObject([{ to: held.operator, message: { prefix: [5, 6, 7] } }])
  expect(gateway.answersTo(id)).toEqual([{ type: 'Working', operator: held.operator, attempt: 4 }])
  expect(gateway.events().filter(({ type }) => type === 'dispatched')).toMatchObject([{ attempt: 4, from: 3, policy: 'resume' }])
})

test('an operator that finds the brought tokens wrong is asked again with those that a receipt vouches for', () => {
  const gateway = ready()
  const held = { tokens: [5, 6, 7], vouched: 2, operator: network.idOf('operator-2'), attempt: 1 }
  const id = gateway.ask(client, { ...infer, type: 'Resume', ...held })
  const wrong = { type: 'Refused', code: 'prefix-mismatch', detail: 'other tokens', retryAfter: undefined } as const
  answer(gateway, wrong, true)
  expect(executions(gateway)[1]).toMatchObject({ to: held.operator, message: { prefix: [5, 6] } })
  for (let attempt = 0; attempt < 3; attempt++) answer(gateway, wrong, true)

  expect(executions(gateway)).toHaveLength(4)
  expect(gateway.answersTo(id).at(-1)).toMatchObject({ code: 'prefix-mismatch' })
  gateway.ask(client, infer)
  expect(executions(gateway)[4]?.message).toMatchObject({ prefix: [] })
})

test('the tokens of a whole answer are made again where nobody has signed for the last of them', () => {
  const gateway = ready()
  const tokens = Array.from({ length: 20 }, (_, index) => index + 1)
  gateway.ask(client, { ...infer, type: 'Resume', tokens, vouched: 16, operator: undefined, attempt: 1 })

  expect(executions(gateway)[0]?.message).toMatchObject({ prefix: tokens.slice(0, 16) })
})

test.each([
  ['more tokens than were asked for', { tokens: Array.from({ length: 21 }, () => 1), attempt: 1 }, 'bad-request'],
  ['as many attempts as can be numbered', { tokens: [1], attempt: 255 }, 'upstream-lost'],
])('refuses to go on after %s', (_, { tokens, attempt }, code) => {
  const gateway = ready()
  const id = gateway.ask(client, { ...infer, type: 'Resume', tokens, vouched: 0, operator: undefined, attempt })

  expect(executions(gateway)).toEqual([])
  expect(gateway.answersTo(id)).toMatchObject([{ type: 'Refused', code }])
})

test('tries each operator once, within the allowed attempts, and then says what the last one said', () => {
  const gateway = ready()
  const id = gateway.ask(client, infer)
  for (let attempt = 0; attempt < 3; attempt++)
    answer(gateway, { type: 'Refused', code: 'overloaded', detail: 'full', retryAfter: 700 }, true)

  expect(new Set(executions(gateway).map(({ to }) => to)).size).toBe(3)
  expect(toldTo(gateway, id)).toMatchObject([{ type: 'Refused', code: 'overloaded', retryAfter: 700 }])
})

test('a refusal that is the request’s own fault is final', () => {
  const gateway = ready()
  const id = gateway.ask(client, infer)
  answer(gateway, { type: 'Refused', code: 'bad-request', detail: 'no', retryAfter: undefined }, true)

  expect(executions(gateway)).toHaveLength(1)
  expect(toldTo(gateway, id)).toMatchObject([{ code: 'bad-request' }])
})

test('has a limit for requests at one time, and one for retries', () => {
  const gateway = ready({ running: 2, retries: { burst: 1, perRequest: 0 } })
  const other = (nonce: string) => {
    const { envelope, prompt } = playedRequest(network, { nonce: nonce.repeat(16) })
    return gateway.ask(client, { type: 'Infer', request: envelope.bytes, prompt })
  }
  const [first, second, third] = [other('02'), other('03'), other('04')]
  expect(gateway.answersTo(third)).toMatchObject([{ code: 'overloaded' }])

  const [one, two] = executions(gateway)
  for (const call of [one, two]) {
    gateway.handle({ type: 'failed', callId: call?.callId ?? '', failure: { code: 'lost', detail: 'gone' } })
  }
  expect(executions(gateway)).toHaveLength(3)
  expect([...toldTo(gateway, first), ...toldTo(gateway, second)]).toMatchObject([{ code: 'upstream-lost' }])
})

test('an operator whose heartbeats stop is left in the middle of an answer', () => {
  const gateway = ready()
  gateway.ask(client, infer)
  const silent = executions(gateway)[0]?.to
  for (let second = 0; second < 4; second++) {
    gateway.advance(1000)
    for (const name of names.filter((other) => network.idOf(other) !== silent)) announce(gateway, name)
  }

  expect(gateway.events()).toContainEqual(expect.objectContaining({ type: 'attemptFailed', operator: silent, code: 'suspected' }))
  expect(executions(gateway)[1]?.to).not.toBe(silent)
})

test('asks the hubs, one after the other, for a model that it has not heard of', () => {
  const gateway = new HandDriven(createGateway({}, network.servicesOf('gateway-0')))
  const id = gateway.ask(client, infer)
  const [first] = gateway.calls()
  gateway.handle({ type: 'failed', callId: first?.callId ?? '', failure: { code: 'unreachable', detail: 'gone' } })
  announce(gateway, 'operator-1')
  gateway.handle({
    type: 'response',
    callId: first?.callId ?? '',
    message: { type: 'ManifestFound', manifest: manifest.bytes },
    last: true,
  })

  expect(gateway.calls().map(({ to, message }) => [to, message.type])).toEqual([
    [network.idOf('hub-0'), 'FetchManifest'],
    [network.idOf('hub-1'), 'FetchManifest'],
    [network.idOf('operator-1'), 'Execute'],
  ])
  expect(toldTo(gateway, id)).toEqual([])
})

test('lists the models it knows for its own front door, and for nobody else', () => {
  const gateway = ready()
  const command = { type: 'Command', name: 'models', argument: '' } as const
  const [listed] = gateway.answersTo(gateway.ask('local', command))

  expect(JSON.parse(listed?.type === 'CommandDone' ? listed.result : '')).toMatchObject([
    { id: 'acme/echo@1.0', visibility: 'public', owner: 'operator-0', state: 'serving', operators: names },
  ])
  expect(gateway.answersTo(gateway.ask(client, command))).toMatchObject([{ code: 'not-authorized' }])
})

const names = ['operator-0', 'operator-1', 'operator-2']

/** A gateway that has heard of one public model and three operators that serve it. */
function ready(config: GatewayConfig = {}): HandDriven {
  const gateway = new HandDriven(createGateway(config, network.servicesOf('gateway-0')))
  gateway.advance(1000)
  gateway.handle({ type: 'gossip', topic: 'models', from: client, envelope: manifest })
  for (const name of names) announce(gateway, name)
  return gateway
}

function announce(gateway: HandDriven, name: string): void {
  const models = [{ model: 'acme/echo@1.0', state: 'public', epoch: 0 }] as const
  const envelope = network.signerOf(name).sign('capacity', { slots: 4, busy: 0, queued: 0, models }, gateway.now)
  gateway.handle({ type: 'gossip', topic: 'capacity', from: network.idOf(name), envelope })
}

const executions = (gateway: HandDriven): readonly Extract<PeerEffect, { readonly type: 'request' }>[] =>
  gateway.calls().filter(({ message }) => message.type === 'Execute')

/** What a caller heard, but for who is at work. */
const toldTo = (gateway: HandDriven, id: string): readonly Message[] => gateway.answersTo(id).filter(({ type }) => type !== 'Working')

/** A receipt by the operator that was asked last. */
const receipt = (gateway: HandDriven, tokens: readonly number[], changes: Partial<Receipt> = {}): Message => {
  const by = network.directory.nameOf(executions(gateway).at(-1)?.to ?? '')
  return playedReceipt(network, { request: request.envelope, manifest, tokens, by, changes })
}

/** Speaks as the operator that was asked last. */
function answer(gateway: HandDriven, message: Message, last = false): void {
  gateway.handle({ type: 'response', callId: executions(gateway).at(-1)?.callId ?? '', message, last })
}

function completed(tokens: number): Message {
  return { type: 'Completed', tokens, finish: 'length', epoch: 0, endedAt: 0, resumed: false }
}
