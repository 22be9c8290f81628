import { chargeOf, defaultParameters, type Message, type Receipt } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { endOf, tokensOf } from '../../test-support/answers.ts'
import {
  answer,
  asked,
  command,
  completed,
  infers,
  lastTokensOf,
  lose,
  manifest,
  network,
  receipt,
  refusal,
  submit,
  working,
} from '../../test-support/asked-client.ts'

test.each<[string, Message]>([
  ['a gap', { type: 'Tokens', from: 3, tokens: [7] }],
  ['other tokens than before', { type: 'Tokens', from: 0, tokens: [5, 7] }],
  ['more than asked for', { type: 'Tokens', from: 2, tokens: Array.from({ length: 19 }, () => 1) }],
  ['a token outside the vocabulary', { type: 'Tokens', from: 2, tokens: [4096 + 0xd800] }],
  ['an end that counts otherwise', completed(3)],
  ['an end that nobody signed', completed(2)],
])('a gateway that brings %s is left for another, which goes on after what receipts vouch for', (_, wrong) => {
  const { client, heard } = asked()
  answer(client, { type: 'Tokens', from: 0, tokens: [5] })
  answer(client, receipt(client, [5]))
  answer(client, { type: 'Tokens', from: 1, tokens: [6] })
  answer(client, wrong)
  const [first, second] = infers(client)
  expect(second?.to).not.toBe(first?.to)
  expect(second?.message).toMatchObject({ type: 'Resume', tokens: [5], vouched: 1 })
  answer(client, { type: 'Tokens', from: 1, tokens: [6, 8] })
  answer(client, receipt(client, [5, 6, 8]))
  answer(client, completed(3), { last: true })

  expect(tokensOf(heard())).toEqual([5, 6, 8])
  expect(endOf(heard())).toMatchObject({ outcome: 'ok', resumed: true })
  expect(client.events()).toContainEqual(expect.objectContaining({ type: 'answerRefused', by: first?.to, from: 1, to: 2 }))
})

test('lists the receipts that fit the answer, each once, and what they charge', () => {
  const { client, heard } = asked()
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6] })
  const good = receipt(client, [5, 6])
  answer(client, good)
  answer(client, good)
  answer(client, receipt(client, [5]))
  answer(client, completed(2), { last: true })

  const due = chargeOf(manifest.payload, { promptTokens: 2, from: 0, to: 2 })
  expect(endOf(heard())).toMatchObject({ outcome: 'ok', charged: due, operators: ['operator-0'] })
  expect(endOf(heard()).receipts).toHaveLength(1)
})

const misfits: readonly (readonly [string, Partial<Receipt>])[] = [
  ['counts tokens that did not come', { to: 4 }],
  ['names other tokens', { outputHash: '11'.repeat(32) }],
  ['continues another answer', { prefixHash: '11'.repeat(32) }],
  ['is for another request', { requestId: '11'.repeat(32) }],
  ['names another model', { model: 'acme/other@1.0' }],
  ['is for another prompt', { bodyHash: '11'.repeat(32) }],
  ['names another seed', { seed: 99 }],
  ['counts a longer prompt', { promptTokens: 3 }],
  ['pays another peer', { payee: network.idOf('operator-1') }],
  ['charges more than the price', { amount: 10_000 }],
  ['names other weights', { weightsRoot: '11'.repeat(32) }],
]

test.each(misfits)('an answer whose receipt %s is refused, and asked for at another gateway', (_, changes) => {
  const { client, heard } = asked()
  answer(client, { type: 'ManifestFound', manifest: manifest.bytes }, { stream: 'fetch' })
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6, 7] })
  answer(client, receipt(client, [5, 6], changes))
  expect(infers(client)).toHaveLength(2)
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 9] })
  answer(client, receipt(client, [5, 9]))
  answer(client, completed(2), { last: true })

  expect(lastTokensOf(heard())).toEqual([5, 9])
  expect(endOf(heard())).toMatchObject({ outcome: 'ok', usage: { answerTokens: 2 } })
  expect(endOf(heard()).receipts).toHaveLength(1)
})

test.each(misfits)('when every gateway brings a receipt that %s, the request fails and names one', (_, changes) => {
  const { client, heard } = asked()
  for (let gateway = 0; gateway < 2; gateway++) {
    answer(client, { type: 'ManifestFound', manifest: manifest.bytes }, { stream: 'fetch' })
    answer(client, { type: 'Tokens', from: 0, tokens: [5, 6, 7] })
    answer(client, receipt(client, [5, 6], changes))
  }

  expect(endOf(heard())).toMatchObject({ outcome: 'failed', code: 'answer-tampered', charged: 0, receipts: [] })
  expect(endOf(heard()).detail).toMatch(/gateway-[01]/)
  expect(client.events().at(-1)).toMatchObject({ type: 'requestEnded', tokens: 0 })
})

test('a caller that streams hears the same tokens once, and an error when they turn out wrong', () => {
  const outcomes = [
    [5, 6],
    [5, 7],
  ].map((honest) => {
    const { client, heard } = asked({ ...submit, stream: true })
    answer(client, { type: 'Tokens', from: 0, tokens: [5, 6] })
    answer(client, receipt(client, [5, 6], { outputHash: '11'.repeat(32) }))
    answer(client, { type: 'Tokens', from: 0, tokens: honest })
    if (heard().at(-1)?.kind !== 'ended') {
      answer(client, receipt(client, honest))
      answer(client, completed(2), { last: true })
    }
    expect(tokensOf(heard())).toEqual([5, 6])
    expect(heard().some(({ kind }) => kind === 'takenBack')).toBe(false)
    return endOf(heard())
  })

  expect(outcomes).toMatchObject([{ outcome: 'ok' }, { outcome: 'failed', code: 'answer-tampered' }])
  expect(outcomes[1]?.detail).toMatch(/^gateway-[01] brought a wrong token 1,/)
})

test('tells the next gateway all that a lost one brought, who was at work, and how often it was sent on', () => {
  const { client } = asked()
  answer(client, working('operator-1', 3))
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6] })
  answer(client, receipt(client, [5], { payee: network.idOf('operator-0') }))
  lose(client)

  expect(infers(client)[1]?.message).toMatchObject({
    ...{ type: 'Resume', tokens: [5, 6], vouched: 1, operator: network.idOf('operator-1'), attempt: 3 },
  })
})

test('a second operator may contradict what no receipt vouches for, and nothing else', () => {
  const { client, heard } = asked()
  answer(client, working('operator-0'))
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6, 7] })
  answer(client, receipt(client, [5]))
  answer(client, working('operator-1', 2))
  answer(client, { type: 'Tokens', from: 1, tokens: [6, 9] })
  const refused = client.events().find(({ type }) => type === 'answerRefused')
  expect(refused).toMatchObject({ by: network.idOf('operator-0'), from: 2, to: 3 })
  expect(lastTokensOf(heard())).toEqual([5, 6, 9])
  answer(client, { type: 'Tokens', from: 0, tokens: [4] })

  expect(infers(client)).toHaveLength(2)
})

test('begins anew when operators find the tokens wrong that an earlier one signed for', () => {
  const { client, heard } = asked()
  answer(client, { type: 'Tokens', from: 0, tokens: [5, 6] })
  answer(client, receipt(client, [5, 6]))
  lose(client)
  answer(client, refusal('prefix-mismatch'), { last: true })
  client.advance(1000)
  answer(client, { type: 'Tokens', from: 0, tokens: [7, 8] })
  answer(client, receipt(client, [7, 8]))
  answer(client, completed(2), { last: true })

  expect(lastTokensOf(heard())).toEqual([7, 8])
  expect(endOf(heard())).toMatchObject({ outcome: 'ok' })
  expect(endOf(heard()).receipts).toHaveLength(1)
})

test('a gateway that lied is left alone by later requests too', () => {
  const { client } = asked()
  answer(client, { type: 'Tokens', from: 3, tokens: [7] })
  const liar = infers(client)[0]?.to
  client.advance(5000)
  for (let request = 0; request < 8; request++) client.ask('local', command(submit))

  expect(infers(client).slice(2)).toHaveLength(8)
  expect(infers(client).slice(2)).not.toContainEqual(expect.objectContaining({ to: liar }))
})

test.each([
  [['bad-request', 'owner-offline'], 'owner-offline'],
  [['owner-offline', 'bad-request'], 'owner-offline'],
  [['unknown-model', 'unknown-model'], 'unknown-model'],
  [['bad-request', 'bad-request'], 'bad-request'],
])('of the refusals %j the client tells the one that can be true', (codes, code) => {
  const { client, heard } = asked()
  for (const each of codes) answer(client, refusal(each), { last: true })

  expect(infers(client)).toHaveLength(2)
  expect(endOf(heard())).toMatchObject({ outcome: 'failed', code })
})

test('a good request that is called bad goes on trying while a gateway is left', () => {
  const { client, heard } = asked({ ...submit, deadlineMs: 60_000 })
  lose(client)
  answer(client, refusal('bad-request'), { last: true })
  client.advance(1000)
  expect(infers(client)[2]?.to).toBe(infers(client)[0]?.to)
  answer(client, { type: 'Tokens', from: 0, tokens: [5] })
  answer(client, receipt(client, [5]))
  answer(client, completed(1), { last: true })

  expect(endOf(heard())).toMatchObject({ outcome: 'ok' })
})

test('a gateway that has waited for a holder as long as it may is believed', () => {
  const { client, heard } = asked()
  client.advance(defaultParameters.serving.leaseWait)
  answer(client, refusal('owner-offline'), { last: true })

  expect(infers(client)).toHaveLength(1)
  expect(endOf(heard())).toMatchObject({ code: 'owner-offline' })
})
