import {
  type AnyEnvelope,
  type AnyMessage,
  type Effect,
  type GossipVerdict,
  type Machine,
  publish,
  setTimer,
  subscribe,
} from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { constantLatency, lognormalLatency, uniformLatency } from './latency.ts'
import { duplicate, jam, loss } from './link-faults.ts'
import { everyLink, oneWay } from './link-rule.ts'
import { createMessageWorld } from './message-world.ts'
import type { MessageWorld, MessageWorldOptions } from './world.ts'

interface Crowd {
  readonly world: MessageWorld<AnyMessage, AnyEnvelope>
  readonly got: Map<string, string[]>
  readonly lost: Map<string, string[]>
}

interface CrowdOptions extends Partial<MessageWorldOptions<AnyMessage, AnyEnvelope>> {
  readonly size: number
  /** Envelope ids by the peer that publishes them and the time. */
  readonly publish: readonly { readonly by: number; readonly at: number; readonly id: string; readonly bytes?: number }[]
  readonly judge?: (peer: number, envelope: AnyEnvelope) => GossipVerdict
}

function crowd(options: CrowdOptions): Crowd {
  const got = new Map<string, string[]>()
  const lost = new Map<string, string[]>()
  const peers = Array.from({ length: options.size }, (_, index) => {
    const name = `p${index}`
    got.set(name, [])
    lost.set(name, [])
    return { name, peerId: name, createMachine: () => member(index, options, { got: got.get(name) ?? [], lost: lost.get(name) ?? [] }) }
  })
  const world = createMessageWorld<AnyMessage, AnyEnvelope>({ seed: 3, latency: constantLatency(10), ...options, peers })
  return { world, got, lost }
}

function member(index: number, options: CrowdOptions, log: { got: string[]; lost: string[] }): Machine {
  const mine = options.publish.filter((item) => item.by === index)
  return {
    handle(input): readonly Effect[] {
      if (input.type === 'started') return [subscribe('news'), ...mine.map((item) => setTimer(item.id, item.at))]
      if (input.type === 'gossip') log.got.push(input.envelope.id)
      if (input.type === 'peerLost') log.lost.push(input.peer)
      if (input.type !== 'timer') return []
      const bytes = new Uint8Array(mine.find((item) => item.id === input.key)?.bytes ?? 100)
      return [publish('news', { id: input.key, type: 'item', signer: `p${index}`, bytes })]
    },
    validate: (_topic, envelope) => options.judge?.(index, envelope) ?? 'accept',
  }
}

const heardBy = (crowded: Crowd, id: string): number => [...crowded.got.values()].filter((ids) => ids.includes(id)).length

test('every subscriber gets each message once, and copies are only counted', () => {
  const crowded = crowd({ size: 200, publish: [{ by: 0, at: 2000, id: 'a' }], latency: uniformLatency(10, 100) })

  crowded.world.start()
  crowded.world.run(10_000)

  expect([...crowded.got.values()].map((ids) => ids.length)).toEqual([0, ...Array.from({ length: 199 }, () => 1)])
  expect(crowded.world.gossipCounts()).toMatchObject({ published: 1, delivered: 199 })
  expect(crowded.world.gossipCounts().duplicates).toBeGreaterThan(199)
})

test('a message that is judged invalid is not passed on, and its sender ends up unheard', () => {
  const bad = Array.from({ length: 12 }, (_, index) => ({ by: 0, at: 2000 + index, id: `bad-${index}` }))
  const crowded = crowd({
    size: 30,
    publish: [...bad, { by: 0, at: 2014, id: 'good' }],
    judge: (_peer, envelope) => (envelope.id.startsWith('bad') ? 'reject' : 'accept'),
  })

  crowded.world.start()
  crowded.world.run(2500)

  const counts = crowded.world.gossipCounts()
  expect(counts.delivered).toBe(0)
  expect(counts.graylisted).toBeGreaterThan(0)
  expect(heardBy(crowded, 'good')).toBe(0)
  expect(counts.rejected).toBeLessThan(12 * 29)
})

test('an ignored message stops without blame', () => {
  const crowded = crowd({ size: 30, publish: [{ by: 0, at: 2000, id: 'a' }], judge: (peer) => (peer === 1 ? 'accept' : 'ignore') })

  crowded.world.start()
  crowded.world.run(20_000)

  expect(heardBy(crowded, 'a')).toBeLessThanOrEqual(1)
  expect(crowded.world.gossipCounts()).toMatchObject({ rejected: 0, graylisted: 0 })
})

test('advertisements bring a message to peers whose copies were lost', () => {
  const publish = Array.from({ length: 20 }, (_, index) => ({ by: 0, at: 2000 + index * 10, id: `m${index}` }))
  const run = (lazyRounds: number): number => {
    const crowded = crowd({ size: 300, publish, gossip: { lazyRounds, dials: 12 } })
    crowded.world.start()
    crowded.world.addRule('loss', loss(everyLink, 0.35))
    crowded.world.run(12_000)
    return crowded.world.gossipCounts().delivered
  }

  const without = run(0)
  const withThem = run(3)

  expect(withThem).toBeGreaterThan(without)
  expect(withThem).toBeGreaterThan(0.99 * 20 * 299)
})

test('a receiver of a large message spares itself copies that are not yet under way', () => {
  const run = (bytes: number): number => {
    const crowded = crowd({
      size: 200,
      publish: [{ by: 0, at: 2000, id: 'a', bytes }],
      latency: uniformLatency(5, 200),
      gossip: { floodPublish: false },
    })
    crowded.world.start()
    crowded.world.run(10_000)
    expect(crowded.world.gossipCounts().delivered).toBe(199)
    return crowded.world.gossipCounts().duplicates
  }

  expect(run(1000)).toBeLessThan(run(100) * 0.95)
})

test('after a third of the peers crash the mesh mends itself, and their neighbours are told', () => {
  const crowded = crowd({ size: 150, publish: [{ by: 149, at: 8000, id: 'late' }] })

  crowded.world.start()
  crowded.world.run(3000)
  for (let peer = 0; peer < 50; peer++) crowded.world.crash(`p${peer}`)
  crowded.world.run(20_000)

  expect(heardBy(crowded, 'late')).toBe(99)
  expect([...crowded.lost.values()].flat().length).toBeGreaterThan(50)
  expect(crowded.lost.get('p149')?.every((name) => Number(name.slice(1)) < 50)).toBe(true)
})

test('a restarted peer has forgotten what it saw and hears of later messages again', () => {
  const crowded = crowd({ size: 40, publish: [{ by: 0, at: 9000, id: 'later' }] })

  crowded.world.start()
  crowded.world.run(3000)
  crowded.world.restart('p7')
  crowded.world.run(15_000)

  expect(crowded.got.get('p7')).toEqual(['later'])
})

test('a peer that restarts just after a message gets it again by advertisement', () => {
  const crowded = crowd({ size: 40, publish: [{ by: 0, at: 5000, id: 'a' }] })

  crowded.world.start()
  crowded.world.run(5080)
  expect(crowded.got.get('p7')).toEqual(['a'])
  crowded.world.restart('p7')
  crowded.world.run(15_000)

  expect(crowded.got.get('p7')).toEqual(['a', 'a'])
})

test('a jammed direction loses gossip, a duplicating link only adds copies', () => {
  const names = Array.from({ length: 19 }, (_, index) => `p${index + 1}`)
  const crowded = crowd({
    size: 20,
    publish: [
      { by: 0, at: 2000, id: 'a' },
      { by: 0, at: 4000, id: 'b' },
    ],
  })

  crowded.world.start()
  const mute = crowded.world.addRule('mute', jam(oneWay(['p0'], names)))
  crowded.world.run(3500)
  expect(heardBy(crowded, 'a')).toBe(0)
  mute.remove()
  const twice = crowded.world.addRule('twice', duplicate(everyLink, 1, 5))
  crowded.world.run(30_000)

  // What was advertised again after the fault went still arrives.
  expect([heardBy(crowded, 'a'), heardBy(crowded, 'b')]).toEqual([19, 19])
  expect(mute.counts.dropped).toBeGreaterThan(0)
  expect(twice.counts.duplicated).toBeGreaterThan(19)
  expect(crowded.got.get('p5')?.filter((id) => id === 'b')).toHaveLength(1)
})

test('mesh degrees stay within their bounds as two thousand peers join', () => {
  const crowded = crowd({
    size: 2000,
    publish: [{ by: 3, at: 5000, id: 'a' }],
    latency: lognormalLatency({ median: 40, p99: 180, seed: 1 }),
  })

  crowded.world.start()
  crowded.world.run(20_000)

  const counts = crowded.world.gossipCounts()
  expect(counts.delivered).toBe(1999)
  expect(counts.duplicates / counts.delivered).toBeGreaterThan(3)
  expect(counts.duplicates / counts.delivered).toBeLessThan(12)
})
