import {
  type AnyEnvelope,
  type AnyMessage,
  type Effect,
  emit,
  type Input,
  type Machine,
  randomFrom,
  request,
  respond,
  save,
  setTimer,
} from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { constantLatency, lognormalLatency, normalQuantile, uniformLatency } from './latency.ts'
import { burstLoss, connectionLoss, delay, jam, loss, reorder } from './link-faults.ts'
import { between, everyLink, oneWay, touching } from './link-rule.ts'
import { createMessageWorld } from './message-world.ts'
import type { MessageWorld, MessageWorldOptions } from './world.ts'

type Inputs = { readonly now: number; readonly input: Input }[]
type Behaviour = (input: Input) => readonly Effect[]

interface Scene {
  readonly world: MessageWorld
  readonly log: Readonly<Record<string, Inputs>>
}

function scene(
  behaviours: Readonly<Record<string, Behaviour>>,
  options: Partial<MessageWorldOptions<AnyMessage, AnyEnvelope>> = {},
): Scene {
  const log: Record<string, Inputs> = {}
  const peers = Object.entries(behaviours).map(([name, behaviour]) => {
    const inputs: Inputs = []
    log[name] = inputs
    const createMachine = (): Machine => ({
      handle(input, now) {
        inputs.push({ now, input })
        return behaviour(input)
      },
    })
    return { name, peerId: name, createMachine }
  })
  return { world: createMessageWorld({ seed: 5, latency: constantLatency(10), ...options, peers }), log }
}

const ping = (number: number): AnyMessage & { readonly number: number } => ({ type: 'ping', number })
const call = (to: string, number: number, stream = 'talk', timeout = 100_000): Effect =>
  request<AnyMessage>({ callId: `${stream}${number}`, to, stream, message: ping(number), timeout })
/** Sends `count` calls, one each `gap` ms. */
const caller = (to: string, count: number, options: { gap?: number; stream?: string; timeout?: number } = {}): Behaviour => {
  const { gap = 1, stream = 'talk', timeout } = options
  return (input) => {
    if (input.type === 'started') return Array.from({ length: count }, (_, number) => setTimer(String(number), number * gap))
    return input.type === 'timer' ? [call(to, Number(input.key), stream, timeout)] : []
  }
}
const echo: Behaviour = (input) => (input.type === 'request' ? [respond(input.id, input.message)] : [])
const silent: Behaviour = () => []

const numbersAt = (inputs: Inputs | undefined): readonly number[] =>
  (inputs ?? []).flatMap(({ input }) => (input.type === 'request' ? [(input.message as ReturnType<typeof ping>).number] : []))
const times = (inputs: Inputs | undefined, type: Input['type']): readonly number[] =>
  (inputs ?? []).filter(({ input }) => input.type === type).map(({ now }) => now)
const ascending = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

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

test('what a peer sent before it crashed still arrives, and the loss after it', () => {
  const chatty: Behaviour = (input) =>
    input.type === 'request' ? ascending(30).map((number) => respond(input.id, ping(number), false)) : []
  const { world, log } = scene({ a: caller('b', 1), b: chatty }, { latency: uniformLatency(1, 200) })
  world.start()
  world.crash('b', { afterEffects: 30 })

  world.run(5000)

  expect(times(log.a, 'response')).toHaveLength(30)
  expect((log.a ?? []).slice(-2).map(({ input }) => input.type)).toEqual(['failed', 'peerLost'])
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

test('a skewed clock shifts and stretches a machine time, and never goes back', () => {
  const ticking: Behaviour = (input) => (input.type === 'started' || input.type === 'timer' ? [setTimer('tick', 100)] : [])
  const { world, log } = scene({ a: ticking })
  world.start()
  world.run(250)
  world.setClock('a', { offset: 1000, drift: 1 })
  world.run(400)
  world.setClock('a', { offset: -5000 })
  world.run(1000)

  const now = times(log.a, 'timer')
  expect(now.slice(0, 3)).toEqual([100, 200, 1350])
  expect(now.filter((time, index) => index > 0 && time < (now[index - 1] ?? 0))).toEqual([])
})

const saver: Behaviour = (input) =>
  input.type === 'timer'
    ? [save('k', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)), setTimer('after', 1)]
    : input.type === 'started'
      ? [setTimer('go', 10)]
      : []

test('nothing happens behind the save that stopped a peer', () => {
  const said: string[] = []
  const speaker: Behaviour = (input) =>
    input.type === 'started'
      ? [
          save('k', Uint8Array.of(1)),
          emit({ type: 'saved' }),
          request({ callId: 'c', to: 'b', stream: 'talk', message: ping(1), timeout: 10 }),
        ]
      : []
  const { world, log } = scene({ a: speaker, b: silent }, { onRecord: ({ event }) => said.push(event.type) })
  world.setDisk('a', { type: 'full' })

  world.start()
  world.run(100)

  expect(said).toEqual(['peerStarted', 'peerCrashed', 'peerStarted'])
  expect(times(log.b, 'request')).toEqual([])
})

test('a full disk stops the peer at its next save, a torn write leaves half', () => {
  const full = scene({ a: saver })
  full.world.start()
  full.world.setDisk('a', { type: 'full' })
  full.world.run(100)
  const torn = scene({ a: saver })
  torn.world.start()
  torn.world.setDisk('a', { type: 'torn' })
  torn.world.run(100)

  expect([full.world.isUp('a'), full.world.store('a').size]).toEqual([false, 0])
  expect([torn.world.isUp('a'), torn.world.store('a').get('k')]).toEqual([false, Uint8Array.of(1, 2, 3, 4)])
})

test('a slow disk holds the effects behind a save and the next inputs', () => {
  const work: Behaviour = (input) =>
    input.type === 'timer' && input.key === 'go'
      ? [save('k', Uint8Array.of(1)), setTimer('after', 0)]
      : input.type === 'started'
        ? [setTimer('go', 10), setTimer('mean', 20)]
        : []
  const { world, log } = scene({ a: work })
  world.start()
  world.setDisk('a', { type: 'slow', by: 50 })
  world.run(500)

  expect((log.a ?? []).flatMap(({ now, input }) => (input.type === 'timer' ? [[now, input.key]] : []))).toEqual([
    [10, 'go'],
    [60, 'mean'],
    [60, 'after'],
  ])
})

test('a lossy disk forgets at a crash what was not synced', () => {
  const numbered: Behaviour = (input) =>
    input.type === 'timer'
      ? [save(input.key, Uint8Array.of(1))]
      : input.type === 'started'
        ? [setTimer('one', 10), setTimer('two', 30)]
        : []
  const { world } = scene({ a: numbered })
  world.start()
  world.setDisk('a', { type: 'lossy' })
  world.run(20)
  world.syncDisk('a')
  world.run(40)
  expect([...world.store('a').keys()]).toEqual(['one', 'two'])
  world.crash('a')

  expect([...world.store('a').keys()]).toEqual(['one'])
})

test('lognormal latency has the asked median and 99th percentile over pairs, and is the same both ways', () => {
  const model = lognormalLatency({ median: 40, p99: 180, jitter: 0, seed: 9 })
  const random = randomFrom(1)
  const drawn = Array.from({ length: 20_000 }, (_, pair) => model.delay(pair, pair * 3 + 1, random)).sort((left, right) => left - right)

  expect(drawn[10_000]).toBeGreaterThan(38)
  expect(drawn[10_000]).toBeLessThan(42)
  expect(drawn[19_800]).toBeGreaterThan(165)
  expect(drawn[19_800]).toBeLessThan(196)
  expect(model.delay(3, 8, random)).toBe(model.delay(8, 3, random))
  expect(normalQuantile(0.99)).toBeCloseTo(2.326, 2)
})
