import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import type { FlowSighting, SaleSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { poisson } from '../privacy/draws.ts'
import { activityLeaks, boughtLeak } from './counts.ts'

const CLIENTS = Array.from({ length: 200 }, (_, number) => `client-${number}`)
const same = (name: string): string => name

const flowsOf = (counts: readonly number[], relayOf: (client: number, request: number) => number = () => 0): FlowSighting[] =>
  counts.flatMap((count, number) =>
    Array.from({ length: count }, (_, request) => ({
      ...({
        side: 'client',
        end: CLIENTS[number] ?? '',
        relay: `relay-${relayOf(number, request)}`,
        sentAt: 0,
        bytes: 1,
        answer: [],
      } as const),
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
  const [links] = activityLeaks(flowsOf(asked), truthsOf(asked), same)

  expect(links).toMatchObject({ success: 1, auc: 1 })
})

test('cover on top blurs the count, and cover in place of requests makes it say nothing', () => {
  const cover = drawn(60)
  const [added] = activityLeaks(flowsOf(asked.map((count, client) => count + (cover[client] ?? 0))), truthsOf(asked), same)
  const [replaced] = activityLeaks(flowsOf(drawn(80)), truthsOf(asked), same)

  expect(added?.auc).toBeGreaterThan(0.6)
  expect(added?.auc).toBeLessThan(0.85)
  expect(added?.success).toBeLessThan(0.3)
  expect(Math.abs((replaced?.auc ?? 0) - 0.5)).toBeLessThan(0.12)
})

test('a relay that a client keeps counts all of it, and one that is drawn anew each time only its share', () => {
  const [, kept] = activityLeaks(
    flowsOf(asked, (client) => client % 4),
    truthsOf(asked),
    same,
  )
  const [links, drawnAnew] = activityLeaks(
    flowsOf(asked, () => random.below(4)),
    truthsOf(asked),
    same,
  )

  expect(kept).toMatchObject({ success: 1, auc: 1 })
  expect(links).toMatchObject({ success: 1 })
  expect(drawnAnew?.success).toBeLessThan(0.35)
  expect(drawnAnew?.auc).toBeLessThan(0.9)
})

test('who buys just what it needs tells the issuer what it spends; a large lot tells little', () => {
  const sales = (lot: number): SaleSighting[] =>
    asked.map((count, client) => ({ buyer: CLIENTS[client] ?? '', at: 0, count: Math.ceil(count / lot) * lot }))
  const spent = new Map(asked.map((count, client) => [CLIENTS[client] ?? '', count]))

  expect(boughtLeak(sales(1), spent, same)).toMatchObject({ success: 1, auc: 1 })
  expect(boughtLeak(sales(64), spent, same)?.auc).toBe(0.5)
})
