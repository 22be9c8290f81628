import { randomFrom } from '@infermesh/kernel'
import type { Envelope } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { smallNetwork } from '../../test-support/small-network.ts'
import { OperatorList } from './operator-list.ts'
import { RetryBudget } from './retry-budget.ts'
import { type Candidate, pick, type RoutingPolicy } from './routing.ts'

const loads = (...figures: number[]): readonly Candidate[] => figures.map((load, index) => ({ peer: `p${index}`, load }))
const weigh = (peer: string): string => peer

function shares(policy: RoutingPolicy, candidates: readonly Candidate[], draws = 3000): readonly number[] {
  const random = randomFrom(policy)
  const counts = candidates.map(() => 0)
  for (let draw = 0; draw < draws; draw++) {
    const index = Number(pick(candidates, { policy, random, weigh }).slice(1))
    counts[index] = (counts[index] ?? 0) + 1
  }
  return counts.map((count) => count / draws)
}

test('uniform gives each operator its share, whatever its load', () => {
  for (const share of shares('uniform', loads(0, 1, 9))) expect(share).toBeCloseTo(1 / 3, 1)
})

test('power of two picks the least loaded of n with chance 2/n and the most loaded never', () => {
  const [least, , , most] = shares('power-of-two', loads(0, 1, 2, 3))

  expect(least).toBeCloseTo(2 / 4, 1)
  expect(most).toBe(0)
})

test('least loaded takes the minimum, and shares a tie', () => {
  expect(shares('least-loaded', loads(2, 1, 3))).toEqual([0, 1, 0])
  expect(shares('least-loaded', loads(1, 1))[0]).toBeCloseTo(0.5, 1)
})

test('sticky moves only the clients of the operator that is gone', () => {
  const weight = (client: number) => (peer: string) => `${(client * 7919 + peer.charCodeAt(1) * 104_729) % 997}`.padStart(4, '0')
  const all = loads(0, 0, 0, 0)
  const chosen = (candidates: readonly Candidate[], client: number) =>
    pick(candidates, { policy: 'sticky', random: randomFrom(1), weigh: weight(client) })

  const gone = all.slice(1)
  for (let client = 0; client < 100; client++) {
    const before = chosen(all, client)
    if (before !== 'p0') expect(chosen(gone, client)).toBe(before)
  }
  expect(new Set(Array.from({ length: 100 }, (_, client) => chosen(all, client))).size).toBeGreaterThan(1)
})

test('own dispatches count until the next announcement, and an old announcement counts for little', () => {
  const network = smallNetwork({ operator: 2 })
  const list = new OperatorList(5000)
  const hear = (name: string, busy: number, at: number) => list.hear(announcement(network, name, busy, at), at)
  const loadOf = (now: number) => list.serving('m', now).map(({ load }) => load)
  hear('operator-0', 4, 0)
  hear('operator-1', 0, 0)
  expect(loadOf(0)).toEqual([1, 0])

  list.dispatched(network.idOf('operator-1'))
  list.dispatched(network.idOf('operator-1'))
  expect(loadOf(0)).toEqual([1, 0.5])
  expect(loadOf(5000)).toEqual([0.75, 0.75])

  hear('operator-1', 1, 6000)
  expect(loadOf(6000)[1]).toBe(0.25)
  hear('operator-1', 4, 5000)
  expect(loadOf(6000)[1]).toBe(0.25)
  list.drop(network.idOf('operator-0'))
  expect(list.serving('m', 6000).map(({ peer }) => peer)).toEqual([network.idOf('operator-1')])
})

test('retries are bounded by a share of the requests', () => {
  const budget = new RetryBudget({ burst: 2, perRequest: 0.5 })

  expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false])
  budget.onRequest()
  expect(budget.take()).toBe(false)
  budget.onRequest()
  expect(budget.take()).toBe(true)
})

function announcement(network: ReturnType<typeof smallNetwork>, name: string, busy: number, at: number): Envelope<'capacity'> {
  const models = [{ model: 'm', state: 'public', epoch: 0 }] as const
  return network.signerOf(name).sign('capacity', { slots: 4, busy, queued: 0, models }, at)
}
