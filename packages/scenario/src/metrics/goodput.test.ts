import type { NetworkEvent } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { type MetricFold, readersByType } from './fold.ts'
import { GoodputMetrics } from './goodput.ts'

const limits = { ttft: 1_000, tpot: 50 }

test.each([
  ['in time', { ttftMs: 1_000, totalMs: 1_450 }, 1],
  ['a first token too late', { ttftMs: 1_001, totalMs: 1_100 }, 0],
  ['a pace too slow', { ttftMs: 100, totalMs: 560 }, 0],
  ['a failure', { outcome: 'failed', ttftMs: 100, totalMs: 200 }, 0],
] as const)('an answer with %s counts as good: %o', (_, fields, good) => {
  expect(fold([sent(), ended(fields)])).toMatchObject({ 'goodput.turns': good, 'goodput.turn_share': good })
})

test('what is never answered counts against the share, and a second attempt is no second request', () => {
  const metrics = fold([sent(), sent(), sent(2), ended({ ttftMs: 10, totalMs: 100 })])

  expect(metrics['goodput.turn_share']).toBe(0.5)
  expect(fold([])).toEqual({})
})

function fold(events: readonly NetworkEvent[]) {
  const metrics = new GoodputMetrics(limits)
  const readers = readersByType<MetricFold>([metrics])
  for (const [seq, event] of events.entries())
    for (const reader of readers.get(event.type) ?? []) reader.observe({ seq, at: seq * 1_000, peer: 'client-0', event })
  return metrics.report()
}

type Ended = Extract<NetworkEvent, { readonly type: 'requestEnded' }>

const sent = (attempt = 1) => ({ type: 'requestSent', requestId: 'r', attempt }) as NetworkEvent
const ended = (fields: Partial<Ended>) =>
  ({ type: 'requestEnded', requestId: 'r', model: 'm', outcome: 'ok', tokens: 10, totalMs: 0, ...fields }) as NetworkEvent
