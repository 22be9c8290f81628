import { expect, test } from 'vitest'
import { ascending, type Behaviour, call, caller, echo, numbersAt, scene, silent, times } from '../test/scene.ts'
import { constantLatency, uniformLatency } from './latency.ts'
import { Line } from './line.ts'
import { renamed, ruleOf } from './link-fault-spec.ts'
import { burstLoss, connectionLoss, delay, jam, loss, reorder } from './link-faults.ts'
import { between, everyLink, oneWay, touching } from './link-rule.ts'

test('a delay rule delays by what was asked, counts what it did, and ends when removed', () => {
  const { world, log } = scene({ a: caller('b', 20, { gap: 10 }), b: echo })
  world.start()
  const rule = world.addRule('delay', delay(oneWay(['a'], ['b']), 80))

  world.run(95)
  rule.remove()
  world.run(1000)

  expect(times(log.b, 'request').slice(0, 3)).toEqual([90, 100, 110])
  expect(times(log.b, 'request').at(-1)).toBe(200)
  expect(rule.counts).toMatchObject({ delayed: 10, delayMsTotal: 800, dropped: 0 })
})

test('a probe measures the delay that a rule adds, and finds a jam', () => {
  const { world } = scene({ a: silent, b: silent })
  const seen: (number | undefined)[] = []
  world.start()

  world.probe('a', 'b', (ms) => seen.push(ms))
  world.addRule('delay', delay(touching(['b']), 80))
  world.probe('a', 'b', (ms) => seen.push(ms))
  world.addRule('jam', jam(between(['a'], ['b'])))
  world.probe('b', 'a', (ms) => seen.push(ms))
  world.run(200)

  expect(seen).toEqual([undefined, 10, 90])
})

test('a stream keeps its order through loss, jitter and reordering', () => {
  const { world, log } = scene({ a: caller('b', 300), b: silent }, { latency: uniformLatency(1, 100) })
  world.start()
  const lossy = world.addRule('loss', loss(everyLink, 0.3))
  const burst = world.addRule('burst', burstLoss(everyLink, { worsen: 0.05, recover: 0.3, probability: 0.5 }))
  const mixed = world.addRule('reorder', reorder(everyLink, 0.5, 100))

  world.run(50_000)

  expect(numbersAt(log.b)).toEqual(ascending(300))
  expect(lossy.counts.delayed / lossy.counts.asked).toBeCloseTo(0.3, 1)
  expect(burst.counts.delayed).toBeGreaterThan(0)
  expect(mixed.counts.delayed).toBeGreaterThan(100)
})

test('messages on different streams may overtake each other', () => {
  const both: Behaviour = (input) =>
    input.type === 'started' ? ascending(40).flatMap((number) => [call('b', number, number % 2 === 0 ? 'even' : 'odd')]) : []
  const { world, log } = scene({ a: both, b: silent }, { latency: uniformLatency(1, 100) })

  world.start()
  world.run(1000)

  const order = numbersAt(log.b)
  expect(order).not.toEqual(ascending(40))
  expect(order.filter((number) => number % 2 === 0)).toEqual(ascending(20).map((number) => number * 2))
})

test('a jammed partition holds messages in silence and lets them go on when it heals', () => {
  const { world, log } = scene({ a: caller('b', 5, { gap: 10 }), b: echo, c: silent })
  world.start()
  world.run(15)
  const split = world.partition([['a', 'c'], ['b']])

  world.run(5000)
  expect(times(log.b, 'request')).toEqual([10, 20])
  world.heal()
  world.run(10_000)

  expect(numbersAt(log.b)).toEqual(ascending(5))
  expect(times(log.a, 'response')).toHaveLength(5)
  expect(times(log.a, 'failed')).toEqual([])
  expect(split.counts.dropped).toBeGreaterThan(0)
})

test('a stream message that is held keeps those behind it back, and other streams go on', () => {
  const first = new Set(['talk'])
  const both: Behaviour = (input) => (input.type === 'started' ? [call('b', 0), call('b', 1), call('b', 2, 'other')] : [])
  const { world, log } = scene({ a: both, b: silent })
  // Drops the very first message only: what follows on its stream must wait all the same.
  const rule = world.addRule('once', () => (first.delete('talk') ? 'drop' : 'pass'))
  world.start()

  world.run(1000)
  expect(numbersAt(log.b)).toEqual([2])
  rule.remove()
  world.run(2000)

  expect(numbersAt(log.b)).toEqual([2, 0, 1])
})

test('a request under way on a connection that breaks is never served', () => {
  const { world, log } = scene({ a: caller('b', 2, { gap: 20 }), b: silent }, { latency: constantLatency(50) })
  world.start()
  world.run(10)
  world.partition([['a'], ['b']], 'cut')

  world.run(5000)

  expect(times(log.b, 'request')).toEqual([])
  expect(times(log.a, 'failed')).toHaveLength(2)
})

test('a connection that a jam keeps silent for too long is lost to both sides', () => {
  const { world, log } = scene({ a: caller('b', 3, { gap: 1000 }), b: silent }, { keepAliveMs: 5000 })
  world.start()
  world.run(500)
  world.partition([['a'], ['b']])

  world.run(60_000)

  expect(times(log.a, 'failed')).toEqual([6010, 6010, 6010])
  expect(times(log.a, 'peerLost')).toEqual([6010])
  expect(times(log.b, 'cancelled')).toEqual([6010])
  expect(times(log.b, 'peerLost')).toEqual([6010])
})

test('a cut breaks connections at the next message and refuses new ones', () => {
  const { world, log } = scene({ a: caller('b', 3, { gap: 100 }), b: silent })
  world.start()
  world.run(50)
  const cutting = world.partition([['a'], ['b']], 'cut')
  world.run(1000)

  expect((log.a ?? []).flatMap(({ input }) => (input.type === 'failed' ? [input.failure.code] : []))).toEqual([
    'lost',
    'lost',
    'unreachable',
  ])
  expect(cutting.counts.reset).toBe(2)
})

test('lost connections fail open calls and later calls go over a new one', () => {
  const { world, log } = scene({ a: caller('b', 200, { gap: 50 }), b: echo })
  world.start()
  const rule = world.addRule('flaky', connectionLoss(everyLink, 0.05))

  world.run(60_000)

  const failed = times(log.a, 'failed').length
  expect(failed + times(log.a, 'response').length).toBe(200)
  expect(failed).toBeGreaterThan(0)
  expect(rule.counts.reset).toBeGreaterThan(0)
})

test('bandwidth queues at both ends, and a full uplink refuses a request at once', () => {
  const narrow = { up: 10, down: 5 }
  const bandwidth = {
    rate: (peer: string) => (peer === 'b' ? { up: 1000, down: narrow.down } : { up: narrow.up, down: 1000 }),
    queueBytes: 1000,
  }
  const burst: Behaviour = (input) => (input.type === 'started' ? ascending(12).map((number) => call('b', number)) : [])
  const sizeOf = { message: () => 100, envelope: () => 0 }
  const { world, log } = scene({ a: burst, b: silent }, { bandwidth, sizeOf })

  world.start()
  world.run(5000)

  // Leaves after 10 ms, 20 ms, …; takes 20 ms each to be received.
  expect(times(log.b, 'request').slice(0, 3)).toEqual([40, 60, 80])
  expect(times(log.a, 'failed')).toEqual([0, 0])
  expect((log.a ?? []).flatMap(({ input }) => (input.type === 'failed' ? [input.failure.code] : []))).toEqual(['overflow', 'overflow'])
})

test('a line that is wide again lets go of what still waits, and refuses nothing', () => {
  const line = new Line()
  line.setRate(10)
  expect(line.occupy(1000, 0)).toBe(100)
  expect([line.overflows(500, 1000, 20), line.overflows(100, 1000, 20)]).toEqual([true, false])

  line.setRate(Number.POSITIVE_INFINITY)

  expect(line.overflows(500, 1000, 20)).toBe(false)
  expect([line.occupy(500, 20), line.occupy(500, 200)]).toEqual([80, 0])
})

test('a fault written as data acts on the links it names, under any name, and counts what it was meant for', () => {
  const { world, log } = scene({ a: caller('b', 20, { gap: 10 }), b: echo })
  world.start()
  const named = { type: 'delay', by: 80, jitter: 0, links: { type: 'between', left: ['A'], right: ['B'], oneWay: true } } as const
  const { rule, isMeant } = ruleOf(renamed(named, (name) => name.toLowerCase()))
  const handle = world.addRule('delay', rule, isMeant)

  world.run(1000)

  expect(times(log.b, 'request')[0]).toBe(90)
  expect(handle.counts).toMatchObject({ asked: 40, meant: 20, delayed: 20 })
})
