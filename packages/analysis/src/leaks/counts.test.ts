import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import type { FlowSighting, SaleSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { poisson } from '../privacy/draws.ts'
import { activityLeak, boughtLeak } from './counts.ts'

const CLIENTS = Array.from({ length: 200 }, (_, number) => `client-${number}`)
const same = (name: string): string => name

const flowsOf = (counts: readonly number[]): FlowSighting[] =>
  counts.flatMap((count, number) =>
    Array.from({ length: count }, () => ({
      ...({ side: 'client', end: CLIENTS[number] ?? '', relay: 'relay-0', sentAt: 0, bytes: 1, answer: [] } as const),
    })),
  )

const truthsOf = (counts: readonly number[]): Truth[] =>
  counts.flatMap((count, number) =>
    Array.from({ length: count }, (_, request) => ({
      ...{ sealed: `${number}/${request}`, requestId: `${number}/${request}`, client: CLIENTS[number] ?? '' },
      ...{ model: 'a/b@1.0', promptTokens: 1, tokens: 1, charged: 1 },
    })),
  )

const random = randomFrom('counts')
const drawn = (mean: number): number[] => CLIENTS.map(() => poisson(random, mean))
const asked = drawn(20)

test('without cover, who counts knows how often each client asks', () => {
  const leak = activityLeak(flowsOf(asked), truthsOf(asked), same)

  expect(leak).toMatchObject({ success: 1, auc: 1 })
})

test('cover on top blurs the count, and cover in place of requests makes it say nothing', () => {
  const cover = drawn(60)
  const added = activityLeak(flowsOf(asked.map((count, client) => count + (cover[client] ?? 0))), truthsOf(asked), same)
  const replaced = activityLeak(flowsOf(drawn(80)), truthsOf(asked), same)

  expect(added?.auc).toBeGreaterThan(0.6)
  expect(added?.auc).toBeLessThan(0.85)
  expect(added?.success).toBeLessThan(0.3)
  expect(Math.abs((replaced?.auc ?? 0) - 0.5)).toBeLessThan(0.12)
})

test('who buys just what it needs tells the issuer what it spends; a large lot tells little', () => {
  const sales = (lot: number): SaleSighting[] =>
    asked.map((count, client) => ({ buyer: CLIENTS[client] ?? '', at: 0, count: Math.ceil(count / lot) * lot }))
  const spent = new Map(asked.map((count, client) => [CLIENTS[client] ?? '', count]))

  expect(boughtLeak(sales(1), spent, same)).toMatchObject({ success: 1, auc: 1 })
  expect(boughtLeak(sales(64), spent, same)?.auc).toBe(0.5)
})
