import { AssertionFailed } from '@infermesh/kernel'
import { type Block, defaultParameters, type MessageOf, type NetworkEvent, openAs } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { nodeCryptography } from '../../test-support/cryptography.ts'
import { HandDriven } from '../../test-support/hand-driven.ts'
import { playedExecution, playedRequest } from '../../test-support/played-requests.ts'
import { profile, published } from '../../test-support/serving-world.ts'
import { type SmallNetwork, smallNetwork } from '../../test-support/small-network.ts'
import { createOperator } from './operator.ts'
import type { OperatorConfig } from './operator-config.ts'

const serving = { ...defaultParameters.serving, receiptTokens: 8, queued: 1 }
const counts = { client: 1, gateway: 2, operator: 2, verifier: 1, settler: 1, hub: 1 }
const release = { ...published, weights: { seed: 'echo', bytes: 100 } }

test('makes the first token at the end of the prefill and the last when the profile says', () => {
  const { operator, network } = ready()
  const id = operator.ask(network.idOf('gateway-0'), playedExecution(network, playedRequest(network)))
  const startedAt = operator.now
  operator.advance(1)
  expect(tokensTo(operator, id)).toHaveLength(1)
  operator.advance(9 + 180)
  expect(answersOf(operator, id, 'Completed')).toEqual([])
  operator.advance(1)

  expect(answersOf(operator, id, 'Completed')).toMatchObject([{ tokens: 20, finish: 'length', endedAt: startedAt + 191, resumed: false }])
})

test('sets at most twenty timers a second for a request, however fast the engine is', () => {
  const { operator, network } = ready({ profile: { ...profile, decodeMsPerToken: 0.7 } })
  const request = playedRequest(network, { maxTokens: 1400, maxCharge: 10_000 })
  const id = operator.ask(network.idOf('gateway-0'), playedExecution(network, request))
  operator.advance(990)

  expect(tokensTo(operator, id)).toHaveLength(1400)
  expect(answersOf(operator, id, 'Tokens').length).toBeLessThanOrEqual(21)
})

test('an engine without decode time answers on the spot', () => {
  const { operator, network } = ready({ profile: { ...profile, prefillTokensPerSecond: 1e12, decodeMsPerToken: 0 } })
  const id = operator.ask(network.idOf('gateway-0'), playedExecution(network, playedRequest(network)))
  operator.advance(1)

  expect(tokensTo(operator, id)).toHaveLength(20)
})

test('signs a receipt for each stretch, says it only when it is on disk, and charges the prompt once', () => {
  const { operator, network } = ready()
  const id = operator.ask(network.idOf('gateway-0'), playedExecution(network, playedRequest(network)))
  operator.advance(300)

  const receipts = receiptsTo(operator, network, id)
  expect(receipts.map(({ payload }) => [payload.from, payload.to, payload.amount, payload.operatorSeq])).toEqual([
    [0, 8, 6 + 16, 0],
    [8, 16, 16, 1],
    [16, 20, 8, 2],
  ])
  const said = operator.effects.flatMap((effect) => {
    if (effect.type === 'save' && effect.key.startsWith('receipt/')) return ['save']
    if (effect.type === 'publish' && effect.topic === 'receipts') return ['publish']
    return effect.type === 'respond' && effect.message.type === 'Receipted' ? ['respond'] : []
  })
  expect(said).toEqual(Array.from({ length: 3 }, () => ['save', 'publish', 'respond']).flat())
})

test('goes on after a prefix that another made with the tokens that it would have made itself', () => {
  const { network, whole, request } = wholeAnswer()
  const { operator } = ready()
  const prefix = whole.slice(0, 13)
  const rest = operator.ask(network.idOf('gateway-0'), playedExecution(network, request, { prefix, attempt: 2 }))
  operator.advance(300)

  expect([...prefix, ...tokensTo(operator, rest)]).toEqual(whole)
  expect(rangesTo(operator, network, rest)).toEqual([[13, 20, 14]])
  expect(answersOf(operator, rest, 'Completed')).toMatchObject([{ tokens: 20, resumed: true }])
})

test('refuses a prefix that its model would not have made: its next receipt would vouch for it', () => {
  const { network, whole, request } = wholeAnswer()
  const { operator } = ready()
  const prefix = whole.slice(0, 13).with(5, 1)
  const asked = operator.ask(network.idOf('gateway-0'), playedExecution(network, request, { prefix, attempt: 2 }))

  expect(operator.answersTo(asked)).toMatchObject([{ type: 'Refused', code: 'prefix-mismatch' }])
})

test('tells what it has made and signed for a request again, and makes only the rest', () => {
  const { operator, network } = ready()
  const request = playedRequest(network)
  const first = operator.ask(network.idOf('gateway-0'), playedExecution(network, request))
  operator.advance(150)
  operator.handle({ type: 'cancelled', id: first })
  const made = tokensTo(operator, first)
  const second = operator.ask(network.idOf('gateway-1'), playedExecution(network, request, { by: 'gateway-1', prefix: made.slice(0, 3) }))
  operator.advance(300)

  expect(made.length).toBeGreaterThan(8)
  expect([...made.slice(0, 3), ...tokensTo(operator, second)]).toEqual(wholeAnswer().whole)
  const ranges = rangesTo(operator, network, second)
  expect(ranges.map(([from]) => from).slice(0, 3)).toEqual([0, 8, made.length])
  expect(ranges.slice(1).every(([from], index) => from === ranges[index]?.[1])).toBe(true)
  expect(new Set(publishedIds(operator)).size).toBe(publishedIds(operator).length)
  expect(madeBy(operator)).toBe(20)
})

test('an answer that was made whole is told again without a slot, also after a restart', () => {
  const { network, whole, request } = wholeAnswer()
  const { operator, config } = ready()
  operator.ask(network.idOf('gateway-0'), playedExecution(network, request))
  operator.advance(300)
  const again = new HandDriven(createOperator(config, network.servicesOf('operator-0')), operator.saved, operator.now)
  again.advance(10)
  const asked = again.ask(network.idOf('gateway-1'), playedExecution(network, request, { by: 'gateway-1', prefix: whole.slice(0, 19) }))

  expect(tokensTo(again, asked)).toEqual(whole.slice(19))
  expect(again.answersTo(asked).at(-1)).toMatchObject({ type: 'Completed', tokens: 20 })
  expect(madeBy(again)).toBe(0)
})

test('two gateways with one request hear one execution, and it ends with the last of them', () => {
  const { operator, network } = ready()
  const request = playedRequest(network)
  const first = operator.ask(network.idOf('gateway-0'), playedExecution(network, request))
  operator.advance(100)
  const some = tokensTo(operator, first)
  const second = operator.ask(network.idOf('gateway-1'), playedExecution(network, request, { by: 'gateway-1', prefix: some.slice(0, 1) }))
  const other = operator.ask(network.idOf('gateway-1'), playedExecution(network, request, { by: 'gateway-1', prefix: [1, 2] }))
  operator.handle({ type: 'cancelled', id: first })
  operator.advance(300)

  expect([...some.slice(0, 1), ...tokensTo(operator, second)]).toEqual(wholeAnswer().whole)
  expect(operator.answersTo(other)).toMatchObject([{ code: 'prefix-mismatch' }])
  expect(rangesTo(operator, network, second).map(([, to]) => to)).toEqual([8, 16, 20])
  expect(madeBy(operator)).toBe(20)
})

test('refuses once every slot and every place in the queue is taken, and starts the queued when a slot is free', () => {
  const { operator, network } = ready({ profile: { ...profile, slots: 2 } })
  const ask = (nonce: number) => {
    const request = playedRequest(network, { nonce: `0${nonce}`.repeat(16) })
    return operator.ask(network.idOf('gateway-0'), playedExecution(network, request))
  }
  const ids = [1, 2, 3, 4].map(ask)
  operator.advance(800)

  expect(ids.map((id) => operator.answersTo(id).at(-1)?.type)).toEqual(['Completed', 'Completed', 'Completed', 'Refused'])
  expect(answersOf(operator, ids[3] ?? '', 'Refused')).toMatchObject([{ code: 'overloaded' }])
  expect(answersOf(operator, ids[3] ?? '', 'Refused')[0]?.retryAfter).toBeGreaterThan(0)
})

test('refuses what is not asked rightly, by its reason', () => {
  const { operator, network } = ready({ contextTokens: 100 })
  const request = playedRequest(network)
  const gateway = network.idOf('gateway-0')
  const good = playedExecution(network, request)
  const refusals = [
    operator.ask(network.idOf('gateway-1'), good),
    operator.ask(network.idOf('client-0'), playedExecution(network, request, { by: 'client-0' })),
    operator.ask(gateway, playedExecution(network, request, { to: 'operator-1' })),
    operator.ask(gateway, { ...good, prompt: Uint8Array.of(1) }),
    operator.ask(gateway, { ...good, prefix: [1] }),
    operator.ask(gateway, { ...good, request: good.request.slice(1) }),
    operator.ask(gateway, playedExecution(network, playedRequest(network, { promptTokens: 5 }))),
    operator.ask(gateway, playedExecution(network, playedRequest(network, { maxTokens: 95 }))),
    operator.ask(gateway, playedExecution(network, playedRequest(network, { maxCharge: 46 }))),
    operator.ask(gateway, playedExecution(network, playedRequest(network, { model: 'acme/other@1.0' }))),
    operator.ask(gateway, playedExecution(network, request, { epoch: 1 })),
    operator.ask(gateway, playedExecution(network, playedRequest(network, { deadline: operator.now }))),
  ]

  expect(refusals.map((id) => answersOf(operator, id, 'Refused')[0]?.code)).toEqual([
    ...['not-authorized', 'not-authorized', 'bad-request', 'bad-request', 'bad-request', 'bad-request', 'bad-request'],
    ...['prompt-too-long', 'charge-above-max', 'not-serving', 'stale-epoch', 'deadline-passed'],
  ])
  expect(operator.events().filter(({ type }) => type === 'executionStarted')).toEqual([])
})

test('a process that stood still has not computed meanwhile', () => {
  const { operator, network } = ready()
  const id = operator.ask(network.idOf('gateway-0'), playedExecution(network, playedRequest(network)))
  operator.now += 30_000
  operator.advance(0)

  expect(tokensTo(operator, id).length).toBeLessThanOrEqual(10)
  operator.advance(300)
  expect(tokensTo(operator, id)).toHaveLength(20)
})

test('shows the work behind a receipt to verifiers and settlers only, also after a restart', () => {
  const { operator, network, config } = ready()
  const request = playedRequest(network)
  const id = operator.ask(network.idOf('gateway-0'), playedExecution(network, request))
  operator.advance(300)
  const [, second] = receiptsTo(operator, network, id)
  const restarted = new HandDriven(createOperator(config, network.servicesOf('operator-0')), operator.saved, 1000)
  const ask = (name: string, receipt: string) => restarted.ask(network.idOf(name), { type: 'FetchWork', receipt })

  const answers = ['verifier-0', 'settler-0', 'client-0'].map((name) => restarted.answersTo(ask(name, second?.id ?? ''))[0])
  const work = { type: 'Work', prompt: request.prompt, tokens: tokensTo(operator, id).slice(0, 16) }
  expect(answers).toEqual([work, work, expect.objectContaining({ code: 'not-authorized' })])
  expect(restarted.answersTo(ask('verifier-0', '00'.repeat(32)))).toMatchObject([{ code: 'unknown-blob' }])
})

test('brings a receipt that no block holds to a settler, again and again, and not after', () => {
  const { operator, network, config } = ready()
  operator.ask(network.idOf('gateway-0'), playedExecution(network, playedRequest(network)))
  operator.advance(300)
  const first = publishedIds(operator)
  operator.advance(10_000)
  expect(publishedIds(operator)).toEqual(first)
  expect(submittedIds(operator, network)).toEqual(first)

  operator.handle({ type: 'gossip', topic: 'checkpoints', from: 'x', envelope: checkpoint(network, first.slice(0, 2)) })
  const restarted = new HandDriven(createOperator(config, network.servicesOf('operator-0')), operator.saved, operator.now)
  expect(publishedIds(restarted)).toEqual(first.slice(2))
  restarted.handle({ type: 'gossip', topic: 'checkpoints', from: 'x', envelope: checkpoint(network, first.slice(2)) })
  restarted.advance(60_000)
  expect(publishedIds(restarted)).toEqual(first.slice(2))
  expect(submittedIds(restarted, network)).toEqual([])
})

test('a receipt that the disk has spoilt stops the operator, by name', () => {
  const { operator, network, config } = ready()
  operator.ask(network.idOf('gateway-0'), playedExecution(network, playedRequest(network)))
  operator.advance(300)
  const key = [...operator.saved.keys()].find((name) => name.startsWith('receipt/')) ?? ''
  const spoilt = new Map(operator.saved).set(key, Uint8Array.of(0x82))

  expect(() => new HandDriven(createOperator(config, network.servicesOf('operator-0')), spoilt)).toThrow(AssertionFailed)
  expect(() => new HandDriven(createOperator(config, network.servicesOf('operator-0')), spoilt)).toThrow(key)
})

test('takes commands from its own machine only', () => {
  const { operator, network } = ready()
  const command = { type: 'Command', name: 'status', argument: '{}' } as const

  expect(operator.answersTo(operator.ask(network.idOf('gateway-0'), command))).toMatchObject([{ code: 'not-authorized' }])
  expect(operator.answersTo(operator.ask('local', command))).toMatchObject([{ type: 'CommandDone' }])
  expect(operator.answersTo(operator.ask('local', { ...command, name: 'dance' }))).toMatchObject([{ code: 'unknown-command' }])
})

/** An operator that publishes and serves one model, loaded. */
function ready(changes: Partial<OperatorConfig> = {}): { operator: HandDriven; network: SmallNetwork; config: OperatorConfig } {
  const network = smallNetwork(counts, { serving })
  const config = { profile, publishes: [release], serves: [release.model], ...changes }
  const operator = new HandDriven(createOperator(config, network.servicesOf('operator-0')))
  operator.advance(10)
  return { operator, network, config }
}

function answersOf<K extends 'Tokens' | 'Receipted' | 'Completed' | 'Refused'>(operator: HandDriven, id: string, type: K): MessageOf<K>[] {
  return operator.answersTo(id).filter((message): message is MessageOf<K> => message.type === type)
}

const tokensTo = (operator: HandDriven, id: string): number[] => answersOf(operator, id, 'Tokens').flatMap(({ tokens }) => tokens)

const receiptsTo = (operator: HandDriven, network: SmallNetwork, id: string) =>
  answersOf(operator, id, 'Receipted').map(({ receipt }) =>
    openAs('receipt', receipt, { networkId: network.genesis.networkId, crypto: nodeCryptography }),
  )

const rangesTo = (operator: HandDriven, network: SmallNetwork, id: string) =>
  receiptsTo(operator, network, id).map(({ payload }) => [payload.from, payload.to, payload.amount])

/** Tokens that were computed, in all. */
const madeBy = (operator: HandDriven): number =>
  (operator.events() as readonly NetworkEvent[]).reduce((sum, event) => sum + (event.type === 'tokensMade' ? event.to - event.from : 0), 0)

/** What an operator answers to the played request. */
function wholeAnswer() {
  const { operator, network } = ready()
  const request = playedRequest(network)
  const asked = operator.ask(network.idOf('gateway-0'), playedExecution(network, request))
  operator.advance(300)
  return { network, request, whole: tokensTo(operator, asked) }
}

const publishedIds = (operator: HandDriven): string[] =>
  operator.effects.flatMap((effect) => (effect.type === 'publish' && effect.topic === 'receipts' ? [effect.envelope.id] : []))

/** Receipts that a settler was handed directly. */
const submittedIds = (operator: HandDriven, network: SmallNetwork): string[] =>
  operator.effects.flatMap((effect) => {
    if (effect.type !== 'request' || effect.message.type !== 'SubmitEntry') return []
    expect(effect.to).toBe(network.idOf('settler-0'))
    return [openAs('receipt', effect.message.entry, { networkId: network.genesis.networkId, crypto: nodeCryptography }).id]
  })

function checkpoint(network: SmallNetwork, entries: readonly string[]) {
  const zero = '00'.repeat(32)
  const block: Block = {
    ...{ height: 1, previous: zero, time: 0, proposer: network.idOf('settler-0'), entries, logSize: entries.length, logRoot: zero },
    ...{ batchId: zero, leavesRoot: zero, leafCount: 0, total: 0, stateRoot: zero, beacon: zero, commit: [] },
  }
  return network.signerOf('settler-0').sign('checkpoint', { block, precommits: [] }, 0)
}
