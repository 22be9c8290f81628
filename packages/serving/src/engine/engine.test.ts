import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hintPolicy, keepPolicy, ttlPolicy } from '../idle/simple-policies.ts'
import { auditPool } from '../kv/pool-audit.ts'
import { Engine, type EngineOptions } from './engine.ts'
import type { EngineEvent, EngineRequest, PrefixKeys } from './request.ts'

/** A step takes 10 ms and 1 ms for each new token, so times can be worked out by hand. */
const base: EngineOptions = {
  blocks: 100,
  blockTokens: 4,
  kvBytesPerToken: 1_000,
  stepTime: ({ tokens }) => 10 + tokens,
  stepTokensMax: 20,
  sequencesMax: 8,
}

test('computes a prompt in chunks, then one token a step', () => {
  const engine = new Engine(base)
  engine.submit(request('a', 30, 3), 5)

  const events = engine.advance(1_000)

  // Chunks of 20 and 10 end at 5 + 30 and 35 + 20; then two steps of 11 ms.
  expect(events.filter(({ type }) => type !== 'tokens').map(({ type, at }) => [type, at])).toEqual([
    ['firstToken', 55],
    ['finished', 77],
  ])
  expect(events.filter(({ type }) => type === 'tokens').map(({ at }) => at)).toEqual([55, 66, 77])
})

test('says when it has news, and has none before', () => {
  const engine = new Engine(base)
  engine.submit(request('a', 10, 1), 3)

  expect(engine.nextEventAt()).toBe(3)
  expect(engine.advance(3)).toEqual([])
  expect(engine.nextEventAt()).toBe(23)
  expect(engine.advance(22)).toEqual([])
  expect(engine.advance(23).map(({ type }) => type)).toEqual(['firstToken', 'tokens', 'finished'])
  expect(engine.nextEventAt()).toBeUndefined()
})

test('gives the same events whether it is advanced once or at every moment', () => {
  fc.assert(
    fc.property(workloads, (load) => {
      const [eager, lazy] = [new Engine(tight), new Engine(tight)]
      const seen: EngineEvent[] = []
      for (const { at, ...rest } of load) {
        for (let due = eager.nextEventAt(); due !== undefined && due < at; due = eager.nextEventAt()) {
          const news = eager.advance(due)
          seen.push(...news)
          if (news.length === 0 && eager.nextEventAt() === due) break
        }
        eager.submit(rest, at)
        lazy.submit(rest, at)
      }
      seen.push(...eager.advance(1e7))

      expect(seen).toEqual(lazy.advance(1e7))
    }),
  )
})

test('finishes every request that fits, with its rules kept at every step, whatever the policy', () => {
  const variants: Partial<EngineOptions>[] = [
    {},
    { idle: keepPolicy() },
    { idle: hintPolicy(), queue: 'program' },
    { idle: ttlPolicy(40), sessionShareMax: 0.5 },
    { preemption: 'swap', tiers: [{ name: 'host', blocks: 9, bytesPerSecond: 1e6, baseMs: 1, serversPerDirection: 1 }] },
  ]
  fc.assert(
    fc.property(workloads, fc.constantFrom(...variants), (load, variant) => {
      const engine = new Engine({ ...tight, ...variant })
      let finished = 0
      for (const { at, ...rest } of load) {
        engine.advance(at).forEach(({ type }) => {
          if (type === 'finished') finished++
        })
        engine.submit(rest, at)
      }
      for (let due = engine.nextEventAt(); due !== undefined; due = engine.nextEventAt()) {
        for (const { type } of engine.advance(due)) if (type === 'finished') finished++
        const { pool, tables } = engine.inspect()
        expect(auditPool(pool, tables)).toEqual([])
      }

      expect(finished).toBe(load.length)
    }),
  )
})

test('a session whose last turn ends before an earlier one gives its place at the gate back', () => {
  const engine = new Engine({ ...tight, idle: ttlPolicy(40), sessionShareMax: 0.5 })
  const turn = (session: string, number: number, last: boolean) => ({ session: { session, turn: number, last, pause: 'tool' as const } })
  const load = [
    { ...request('r0', 21, 1), ...turn('s2', 0, true) },
    { ...request('r1', 7, 12), ...turn('s1', 1, false) },
    { ...request('r2', 1, 1), ...turn('s1', 2, true) },
    { ...request('r3', 6, 4), ...turn('s0', 3, true) },
  ]

  for (const each of load) engine.submit(each, 0)
  const finished = engine.advance(1e6).filter(({ type }) => type === 'finished')

  expect(finished).toHaveLength(load.length)
})

test('a later turn computes only what is new', () => {
  const engine = new Engine(base)
  engine.submit({ ...request('a', 16, 2), prefix: keys(1, 2, 3, 4) }, 0)
  engine.advance(500)
  engine.submit({ ...request('b', 20, 2), prefix: keys(1, 2, 3, 4, 5) }, 500)

  const [cost] = costs(engine.advance(1_000))

  expect(cost).toMatchObject({ cachedTokens: 16, firstTokenAt: 514 })
})

test('gives up the tail of an old prompt before its front', () => {
  const engine = new Engine({ ...base, blocks: 10 })
  engine.submit({ ...request('old', 24, 1), prefix: keys(1, 2, 3, 4, 5, 6) }, 0)
  engine.submit({ ...request('new', 28, 1), prefix: keys(11, 12, 13, 14, 15, 16, 17) }, 500)
  engine.submit({ ...request('old again', 24, 1), prefix: keys(1, 2, 3, 4, 5, 6) }, 1_000)

  const [, , cost] = costs(engine.advance(5_000))

  expect(cost?.cachedTokens).toBe(12)
})

test('always computes the last token of a prompt that is cached whole', () => {
  const engine = new Engine(base)
  engine.submit({ ...request('a', 16, 1), prefix: keys(1, 2, 3, 4) }, 0)
  engine.advance(500)
  engine.submit({ ...request('b', 16, 1), prefix: keys(1, 2, 3, 4) }, 500)

  expect(costs(engine.advance(1_000))).toMatchObject([{ cachedTokens: 12 }])
})

test('sends the last-come request back when memory is full, and computes it again', () => {
  const engine = new Engine({ ...base, blocks: 8 })
  engine.submit(request('first', 12, 12), 0)
  engine.submit(request('second', 12, 12), 0)

  const events = engine.advance(10_000)

  expect(events.find(({ type }) => type === 'preempted')).toMatchObject({ id: 'second' })
  expect(costs(events)).toMatchObject([{ preemptions: 0 }, { preemptions: 1 }])
  expect(engine.totals().recomputedTokens).toBeGreaterThan(0)
})

test('refuses at once, with the numbers, what can never fit', () => {
  const engine = new Engine(base)
  engine.submit(request('a', 390, 20), 7)

  expect(engine.nextEventAt()).toBeDefined()
  expect(engine.advance(7)).toEqual([
    {
      type: 'refused',
      id: 'a',
      at: 7,
      reason: expect.stringContaining('at most 400 tokens of prompt and answer (100 blocks of 4), got 390 + 20'),
    },
  ])
})

test('refuses when the queue is full', () => {
  const engine = new Engine({ ...base, waitingMax: 1 })
  engine.submit(request('a', 10, 1), 0)
  engine.submit(request('b', 10, 1), 0)

  expect(engine.advance(0)).toMatchObject([{ type: 'refused', id: 'b' }])
})

test('a withdrawn request gives its memory back and says no more', () => {
  const engine = new Engine(base)
  engine.submit(request('a', 30, 50), 0)
  engine.advance(100)

  expect(engine.cancel('a', 100)).toBe(true)
  expect(engine.advance(10_000)).toEqual([])
  expect(engine.load()).toEqual({ running: 0, waiting: 0, freeBlocks: 100 })
  expect(engine.cancel('a', 100)).toBe(false)
})

test('the gate keeps a new session out until an open one ends, and lets the next turn of an open one pass', () => {
  const engine = new Engine({ ...base, sessionShareMax: 0.5 })
  const turn = (session: string, number: number, last: boolean): EngineRequest => ({
    ...request(`${session}${number}`, 100, 20),
    session: { session, turn: number, last, pause: 'user' },
  })
  engine.submit(turn('s', 0, false), 0)
  engine.submit(turn('t', 0, true), 0)
  const before = engine.advance(5_000)
  engine.submit(turn('s', 1, true), 5_000)

  expect(finishedIds(before)).toEqual(['s0'])
  expect(finishedIds(engine.advance(20_000))).toEqual(['s1', 't0'])
})

test('a session that its client abandons gives way when it is ended', () => {
  const engine = new Engine({ ...base, sessionShareMax: 0.5, idle: keepPolicy() })
  const turn = (session: string): EngineRequest => ({
    ...request(session, 150, 20),
    prefix: keys(...Array.from({ length: 37 }, (_, block) => block)),
    session: { session, turn: 0, last: false, pause: 'user' },
  })
  engine.submit(turn('left'), 0)
  engine.submit(turn('next'), 0)
  engine.advance(10_000)

  expect(engine.load()).toMatchObject({ waiting: 1, freeBlocks: 63 })
  engine.endSession('left', 10_000)
  expect(finishedIds(engine.advance(20_000))).toEqual(['next'])
})

test('with program order an early session goes before later ones', () => {
  const order = (queue: 'fcfs' | 'program'): string[] => {
    const engine = new Engine({ ...base, queue, sequencesMax: 1 })
    const turn = (session: string, number: number): EngineRequest => ({
      ...request(`${session}${number}`, 8, 8),
      session: { session, turn: number, last: false, pause: 'tool' },
    })
    engine.submit(turn('a', 0), 0)
    for (const [index, session] of ['b', 'c'].entries()) engine.submit(turn(session, 0), 1 + index)
    engine.submit(turn('a', 1), 3)
    return finishedIds(engine.advance(10_000))
  }

  expect(order('fcfs')).toEqual(['a0', 'b0', 'c0', 'a1'])
  expect(order('program')).toEqual(['a0', 'a1', 'b0', 'c0'])
})

test('brings a prefix up from a lower tier, and waits only for what the new tokens do not hide', () => {
  const tiers = [{ name: 'host', blocks: 50, bytesPerSecond: 1e6, baseMs: 2, serversPerDirection: 1 }]
  const engine = new Engine({ ...base, blocks: 12, tiers })
  engine.submit({ ...request('a', 40, 1), prefix: keys(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) }, 0)
  engine.submit({ ...request('other', 44, 1), prefix: keys(21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31) }, 500)
  engine.submit({ ...request('again', 41, 1), prefix: keys(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) }, 1_000)

  const [, , cost] = costs(engine.advance(5_000))

  // 1 block of 10 is still on the GPU at most; 36 to 40 KB at 1 KB/ms, less the 11 ms in which the last token is computed.
  expect(cost?.loadedTokens).toBeGreaterThanOrEqual(36)
  expect(cost?.firstTokenAt).toBeGreaterThanOrEqual(1_036)
  expect(cost?.firstTokenAt).toBeLessThanOrEqual(1_055)
})

const tight: EngineOptions = { ...base, blocks: 14, sequencesMax: 4 }

/** Up to eight requests that fit alone but not together, some sharing prefixes, some in sessions. */
const workloads = fc
  .array(
    fc.record({
      gap: fc.nat(120),
      prompt: fc.integer({ min: 1, max: 40 }),
      answer: fc.integer({ min: 1, max: 16 }),
      family: fc.nat(2),
      chat: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((entries) => {
    let at = 0
    return entries.map(({ gap, prompt, answer, family, chat }, index) => {
      at += gap
      const prefix: PrefixKeys = {
        blockTokens: 4,
        keys: Array.from({ length: Math.floor(prompt / 4) }, (_, block) => family * 100 + block),
      }
      const last = entries.findLastIndex((entry) => entry.chat && entry.family === family) === index
      const session = { session: `s${family}`, turn: index, last, pause: 'tool' as const }
      return { ...request(`r${index}`, prompt, answer), prefix, at, ...(chat ? { session } : {}) }
    })
  })

function request(id: string, promptTokens: number, answerTokens: number): EngineRequest {
  return { id, promptTokens, answerTokens }
}

const keys = (...names: number[]): PrefixKeys => ({ blockTokens: 4, keys: names })
const costs = (events: readonly EngineEvent[]) => events.flatMap((event) => (event.type === 'finished' ? [event.cost] : []))
const finishedIds = (events: readonly EngineEvent[]): string[] => events.flatMap((event) => (event.type === 'finished' ? [event.id] : []))
