import type { PeerEffect } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { HandDriven } from '../../test-support/hand-driven.ts'
import { playedManifest, playedRequest } from '../../test-support/played-requests.ts'
import { smallNetwork } from '../../test-support/small-network.ts'
import { createSettler } from '../settler/settler.ts'
import { createGateway } from './gateway.ts'

/** The played request costs 6 for its prompt and 40 for its answer at most, and may be cut four times. */
const CEILING = 50

test('a client that can’t pay the most that its request may cost is refused at once', () => {
  const { gateway, ask } = ready(CEILING - 1)

  expect(ask()).toMatchObject([{ type: 'Refused', code: 'no-funds', detail: expect.stringContaining('client-0 has 49') }])
  expect(executions(gateway)).toEqual([])
})

test('one that can pay it is served, and nobody is asked while it has plenty', () => {
  const { gateway, ask } = ready(8 * CEILING + 1)

  expect(ask()).toMatchObject([{ type: 'Working' }])
  expect(accountCalls(gateway)).toEqual([])
})

test('settlers are asked before the coins can have run out, and the highest balance that they tell counts', () => {
  const { gateway, ask, told } = ready(2 * CEILING)
  ask()
  expect(accountCalls(gateway).map(({ to }) => to)).toEqual(['settler-0', 'settler-1'].map(network().idOf))
  told(0, 0)
  expect(ask()).toMatchObject([{ type: 'Working' }])
  told(1, CEILING - 1)
  expect(ask()).toMatchObject([{ code: 'no-funds' }])
  gateway.advance(1_000)
  expect(ask()).toMatchObject([{ code: 'no-funds' }])
  told(2, 0)
  told(3, 20 * CEILING)

  expect(ask()).toMatchObject([{ type: 'Working' }])
})

test('one settler that answers twice does not answer for another', () => {
  const { gateway, ask, told } = ready(2 * CEILING)
  ask()
  told(0, 0)
  told(0, 0)

  expect(ask()).toMatchObject([{ type: 'Working' }])
  expect(executions(gateway)).toHaveLength(2)
})

test('a settler tells what its ledger says', () => {
  const small = network(77)
  const settler = new HandDriven(createSettler({}, small.servicesOf('settler-0')))
  const answers = settler.answersTo(settler.ask(small.idOf('gateway-0'), { type: 'FetchAccount', peer: small.idOf('client-0') }))

  expect(answers).toEqual([{ type: 'Account', peer: small.idOf('client-0'), balance: 77, height: 0 }])
})

const network = (balance = 0) => smallNetwork({ client: 1, gateway: 1, operator: 1, settler: 4 }, {}, balance)

function ready(balance: number) {
  const small = network(balance)
  const gateway = new HandDriven(createGateway({}, small.servicesOf('gateway-0')))
  gateway.advance(1000)
  const client = small.idOf('client-0')
  gateway.handle({ type: 'gossip', topic: 'models', from: client, envelope: playedManifest(small, Uint8Array.of(1, 2, 3)) })
  const models = [{ model: 'acme/echo@1.0', state: 'public', epoch: 0 }] as const
  const envelope = small.signerOf('operator-0').sign('capacity', { slots: 4, busy: 0, queued: 0, models }, gateway.now)
  gateway.handle({ type: 'gossip', topic: 'capacity', from: small.idOf('operator-0'), envelope })
  let requests = 0
  return {
    gateway,
    ask: () => {
      const request = playedRequest(small, { nonce: `${10 + requests++}`.repeat(16) })
      return gateway.answersTo(gateway.ask(client, { type: 'Infer', request: request.envelope.bytes, prompt: request.prompt }))
    },
    told: (call: number, coins: number) => {
      const { callId = '' } = accountCalls(gateway)[call] ?? {}
      gateway.handle({ type: 'response', callId, message: { type: 'Account', peer: client, balance: coins, height: 3 }, last: true })
    },
  }
}

type Call = Extract<PeerEffect, { readonly type: 'request' }>

const callsFor = (gateway: HandDriven, type: string): readonly Call[] => gateway.calls().filter(({ message }) => message.type === type)
const executions = (gateway: HandDriven): readonly Call[] => callsFor(gateway, 'Execute')
const accountCalls = (gateway: HandDriven): readonly Call[] => callsFor(gateway, 'FetchAccount')
