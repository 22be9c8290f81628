import { expect, test } from 'vitest'
import type { SaleSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { purchaseLeaks } from './purchases.ts'

const CLIENTS = 20
const uses = Array.from({ length: 400 }, (_, number) => ({ at: 1_000_000 + 1_000 * number, client: `client-${(number * 7) % CLIENTS}` }))

const truthOf = (client: string, sealed: string): Truth => ({
  ...{ sealed, requestId: sealed, client, model: 'a/b@1.0', promptTokens: 1, tokens: 1, charged: 1 },
})

function leaksAfter(sales: readonly SaleSighting[]) {
  const truths = new Map(uses.map(({ client }, number) => [`s${number}`, truthOf(client, `s${number}`)]))
  const openings = new Map(uses.map(({ at }, number) => [`s${number}`, { at }]))
  const leaks = purchaseLeaks({ sales, openings, truths, peerIdOf: (name) => name })
  return new Map(leaks.map((leak) => [leak.attack, leak]))
}

test('who buys as it needs is found by the time of its purchase', () => {
  const leaks = leaksAfter(uses.map(({ at, client }) => ({ buyer: client, at: at - 100, count: 2 })))

  expect(leaks.get('purchase times')).toMatchObject({ success: 1 })
  expect(leaks.get('purchases')?.success).toBeLessThan(0.15)
})

test('who has bought ahead is not, and everyone is as likely', () => {
  const leaks = leaksAfter(Array.from({ length: CLIENTS }, (_, client) => ({ buyer: `client-${client}`, at: 0, count: 64 })))

  expect(leaks.get('purchase times')?.success).toBeLessThan(0.15)
  expect(leaks.get('purchase times')?.bitsMin).toBeCloseTo(Math.log2(CLIENTS))
  expect(leaks.get('purchases')?.bitsMin).toBeCloseTo(Math.log2(CLIENTS))
})

test('who alone buys much is taken for whoever asks', () => {
  const leaks = leaksAfter([
    { buyer: 'client-7', at: 0, count: 1_000 },
    { buyer: 'client-8', at: 0, count: 2 },
  ])

  expect(leaks.get('purchases')?.success).toBeCloseTo(1 / CLIENTS)
  expect(leaks.get('purchases')?.bitsP5).toBeLessThan(0.05)
})
