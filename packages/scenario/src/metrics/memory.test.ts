import type { NetworkEvent } from '@infermesh/protocol'
import { expect, test } from 'vitest'
import { type MetricFold, readersByType } from './fold.ts'
import { MemoryMetrics } from './memory.ts'

type Line = readonly [peer: string, event: NetworkEvent]

test('shares of prompt tokens found count every execution, with a conversation or without', () => {
  expect(fold([served('a', { promptTokens: 300, cachedTokens: 100 }), served('a', { promptTokens: 100, loadedTokens: 60 })])).toMatchObject(
    {
      'kv.prompt_tokens': 400,
      'kv.hit_rate': 0.4,
      'kv.hit_rate_gpu': 0.25,
      'kv.hit_rate_tiers': 0.15,
    },
  )
})

test('a context that is read again where it was before is no storm', () => {
  const metrics = fold([turn('a', 1_000, 0), turn('a', 1_200, 400)])

  expect(metrics).toMatchObject({ 'kv.recomputed_tokens': 600, 'kv.moved_sessions': 0, 'kv.storm_tokens': 0 })
})

test('what is read again at another operator is a storm, but not what is new or what that one had', () => {
  const metrics = fold([turn('a', 1_000, 0), turn('b', 1_500, 300), turn('b', 1_600, 1_500)])

  expect(metrics).toMatchObject({ 'kv.recomputed_tokens': 700, 'kv.moved_sessions': 1, 'kv.storm_tokens': 700 })
})

test('an operator that was started again is another one: its memory is empty', () => {
  const metrics = fold([started('a'), turn('a', 1_000, 0), started('a'), turn('a', 1_100, 0)])

  expect(metrics).toMatchObject({ 'kv.moved_sessions': 1, 'kv.storm_tokens': 1_000 })
})

test('a prompt that has become shorter cannot be read again beyond its end', () => {
  expect(fold([turn('a', 1_000, 0), turn('b', 200, 0)])).toMatchObject({ 'kv.storm_tokens': 200 })
})

test('counters add up over operators and over their lives, each at its last word', () => {
  const metrics = fold([
    served('a', {}),
    started('a'),
    observed('a', { evictions: 5, movedBytes: 10 }),
    observed('a', { evictions: 9, movedBytes: 30 }),
    started('a'),
    observed('a', { evictions: 2, sessions: 4 }),
    observed('b', { evictions: 1, preemptions: 3, sessions: 2 }),
  ])

  expect(metrics).toMatchObject({ 'kv.evictions': 12, 'kv.moved_bytes': 30, 'kv.preemptions': 3, 'kv.sessions.max': 4 })
})

test('digests are told by their size, and a run without KV memory tells nothing', () => {
  expect(fold([served('a', {}), digest(400), digest(600)])).toMatchObject({ 'kv.digest_bytes.mean': 500, 'kv.digest_bytes.max': 600 })
  expect(fold([digest(400), started('a')])).toEqual({})
})

function fold(lines: readonly Line[]) {
  const metrics = new MemoryMetrics()
  const readers = readersByType<MetricFold>([metrics])
  for (const [seq, [peer, event]] of lines.entries())
    for (const reader of readers.get(event.type) ?? []) reader.observe({ seq, at: seq * 100, peer, event })
  return metrics.report()
}

type Served = Extract<NetworkEvent, { readonly type: 'kvServed' }>
type Observed = Extract<NetworkEvent, { readonly type: 'kvObserved' }>

function served(peer: string, fields: Partial<Served>): Line {
  const none = { promptTokens: 100, cachedTokens: 0, loadedTokens: 0, recomputedTokens: 0, preemptions: 0, firstTokenMs: 1 }
  return [peer, { type: 'kvServed', requestId: 'r', attempt: 1, ...none, ...fields }]
}

const turn = (peer: string, promptTokens: number, cachedTokens: number): Line => served(peer, { session: 's', promptTokens, cachedTokens })

function observed(peer: string, fields: Partial<Observed>): Line {
  const none = {
    blocks: 10,
    active: 0,
    idle: 0,
    free: 10,
    running: 0,
    waiting: 0,
    sessions: 0,
    evictions: 0,
    preemptions: 0,
    movedBytes: 0,
  }
  return [peer, { type: 'kvObserved', ...none, ...fields }]
}

const digest = (bytes: number): Line => ['a', { type: 'digestTold', bytes, heads: 2 }]
const started = (name: string): Line => [name, { type: 'peerStarted', name, role: 'operator' } as NetworkEvent]
