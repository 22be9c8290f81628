import {
  type AnyEnvelope,
  type AnyMessage,
  type Effect,
  type Input,
  type Machine,
  request,
  respond,
  save,
  setTimer,
  subscribe,
} from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { MachineFailed, NoProgress } from './failures.ts'
import { constantLatency } from './latency.ts'
import { createMessageWorld } from './message-world.ts'
import type { MessageWorld, MessageWorldOptions } from './world.ts'

interface Say extends AnyMessage {
  readonly type: 'say'
  readonly text: string
}

type Step = (input: Input<Say>, now: number) => readonly Effect<Say>[]

const say = (text: string): Say => ({ type: 'say', text })

/** A peer whose behaviour is a function, and which remembers every input. */
class Scripted implements Machine<Say> {
  readonly inputs: { readonly now: number; readonly input: Input<Say> }[]
  readonly #step: Step

  constructor(step: Step, inputs: Scripted['inputs']) {
    this.#step = step
    this.inputs = inputs
  }

  handle(input: Input<Say>, now: number): readonly Effect<Say>[] {
    this.inputs.push({ now, input })
    return this.#step(input, now)
  }
}

interface Scene {
  readonly world: MessageWorld<Say, AnyEnvelope>
  heard(name: string, type?: Input['type']): readonly { readonly now: number; readonly input: Input<Say> }[]
}

function scene(steps: Readonly<Record<string, Step>>, options: Partial<MessageWorldOptions<Say, AnyEnvelope>> = {}): Scene {
  const logs = new Map<string, Scripted['inputs']>()
  const peers = Object.entries(steps).map(([name, step]) => {
    const log: Scripted['inputs'] = []
    logs.set(name, log)
    return { name, peerId: `id-${name}`, createMachine: () => new Scripted(step, log) }
  })
  const world = createMessageWorld<Say, AnyEnvelope>({ seed: 1, latency: constantLatency(10), ...options, peers })
  const heard: Scene['heard'] = (name, type) => (logs.get(name) ?? []).filter(({ input }) => type === undefined || input.type === type)
  return { world, heard }
}

const silent: Step = () => []
const echo: Step = (input) => (input.type === 'request' ? [respond(input.id, input.message)] : [])
const call = (to: string, timeout = 1000, callId = 'c1'): Effect<Say> =>
  request({ callId, to: `id-${to}`, stream: 'talk', message: say('hello'), timeout }) as Effect<Say>
const callAtStart =
  (to: string, timeout = 1000): Step =>
  (input) =>
    input.type === 'started' ? [call(to, timeout)] : []

test('a request reaches its peer after the latency, and the answer comes back after another', () => {
  const { world, heard } = scene({ alice: callAtStart('bob'), bob: echo })

  world.start()
  world.run(100)

  expect(heard('bob', 'request')).toMatchObject([{ now: 10, input: { from: 'id-alice', stream: 'talk', message: say('hello') } }])
  expect(heard('alice', 'response')).toMatchObject([{ now: 20, input: { callId: 'c1', message: say('hello'), last: true } }])
  expect(heard('alice', 'failed')).toEqual([])
})

test('a request to a peer that is down fails as unreachable, one to a silent peer times out and is cancelled there', () => {
  const { world, heard } = scene({ alice: callAtStart('bob'), bob: silent, carol: callAtStart('alice', 50) })

  world.start('alice')
  world.start('carol')
  world.run(200)

  expect(heard('alice', 'failed')).toMatchObject([{ now: 20, input: { failure: { code: 'unreachable' } } }])
  expect(heard('carol', 'failed')).toMatchObject([{ now: 50, input: { failure: { code: 'timeout' } } }])
  expect(heard('alice', 'cancelled')).toMatchObject([{ now: 60 }])
})

test('a crash during a call loses it, and both the call and the peer are told', () => {
  const { world, heard } = scene({ alice: callAtStart('bob'), bob: silent })

  world.start()
  world.at(30, () => world.crash('bob'))
  world.run(200)

  expect(heard('alice').map(({ now, input }) => [now, input.type])).toEqual([
    [0, 'started'],
    [40, 'failed'],
    [40, 'peerLost'],
  ])
  expect(heard('alice', 'failed')).toMatchObject([{ input: { failure: { code: 'lost' } } }])
})

test('when a caller crashes, the peer that serves it hears that the request is cancelled', () => {
  const { world, heard } = scene({ alice: callAtStart('bob'), bob: silent })

  world.start()
  world.at(30, () => world.crash('alice'))
  world.run(200)

  expect(heard('bob').map(({ now, input }) => [now, input.type])).toEqual([
    [0, 'started'],
    [10, 'request'],
    [40, 'cancelled'],
    [40, 'peerLost'],
  ])
})

test('the silence clock starts anew with each answer', () => {
  const server: Step = (input) => {
    if (input.type === 'request') return [setTimer(input.id, 40)]
    return input.type === 'timer' ? [respond(input.key, say('word'), false), setTimer(input.key, 40)] : []
  }
  const { world, heard } = scene({ alice: callAtStart('bob', 70), bob: server })

  world.start()
  world.at(220, () => world.pause('bob'))
  world.run(1000)

  expect(heard('alice', 'response')).toHaveLength(5)
  expect(heard('alice', 'failed')).toMatchObject([{ now: 290, input: { failure: { code: 'timeout' } } }])
})

test('a local caller gets answers, may cancel, and hears of a crash', () => {
  const { world, heard } = scene({ alice: echo, bob: silent })
  const answers: unknown[] = []
  world.start()

  world.ask('alice', { stream: 'talk', message: say('hi') }, (answer) => answers.push(answer))
  const cancel = world.ask('bob', { stream: 'talk', message: say('hi') }, (answer) => answers.push(answer))
  world.run(10)
  cancel()
  world.ask('bob', { stream: 'talk', message: say('again') }, (answer) => answers.push(answer))
  world.run(20)
  world.crash('bob')
  world.ask('bob', { stream: 'talk', message: say('gone') }, (answer) => answers.push(answer))
  world.run(30)

  expect(answers).toMatchObject([
    { type: 'response', message: say('hi'), last: true },
    { type: 'failed', failure: { code: 'lost' } },
    { type: 'failed', failure: { code: 'unreachable' } },
  ])
  expect(heard('bob').map(({ input }) => input.type)).toEqual(['started', 'request', 'cancelled', 'request'])
})

test('timers die with the process, saved values do not', () => {
  const step: Step = (input) =>
    input.type === 'started' ? [save('boots', Uint8Array.of((input.saved.get('boots')?.[0] ?? 0) + 1)), setTimer('tick', 50)] : []
  const { world, heard } = scene({ alice: step })

  world.start()
  world.run(30)
  world.restart('alice')
  world.run(60)

  expect(world.store('alice').get('boots')).toEqual(Uint8Array.of(2))
  expect(heard('alice', 'timer')).toEqual([])
  world.run(80)
  expect(heard('alice', 'timer')).toMatchObject([{ now: 80 }])
  world.restart('alice', { wipe: true })
  expect(world.store('alice').get('boots')).toEqual(Uint8Array.of(1))
})

test('a crash after n effects cuts the list between two effects', () => {
  const step: Step = (input) => (input.type === 'timer' ? [save('a', Uint8Array.of(1)), save('b', Uint8Array.of(1))] : [setTimer('go', 10)])
  const { world } = scene({ alice: step })

  world.start()
  world.crash('alice', { afterEffects: 1 })
  world.run(100)

  expect(world.isUp('alice')).toBe(false)
  expect([...world.store('alice').keys()]).toEqual(['a'])
})

test('a stopped peer gets what waited for it in order when it goes on', () => {
  const { world, heard } = scene({ alice: (input) => (input.type === 'started' ? [setTimer('one', 10), setTimer('two', 20)] : []) })

  world.start()
  world.pause('alice')
  world.run(50)
  expect(heard('alice', 'timer')).toEqual([])
  world.resume('alice')

  expect(heard('alice', 'timer').map(({ now, input }) => [now, input.type === 'timer' && input.key])).toEqual([
    [50, 'one'],
    [50, 'two'],
  ])
})

test('a machine that throws ends the run with peer, input, time and seed', () => {
  const { world } = scene({
    alice: (input) => {
      if (input.type === 'timer') throw new Error('no such token')
      return [setTimer('go', 7)]
    },
  })

  world.start()

  expect(() => world.run(100)).toThrow(MachineFailed)
  const again = scene({
    alice: () => {
      throw new Error('no such token')
    },
  })
  expect(() => again.world.start()).toThrow('alice failed on input started (saved values: 0) at 0 ms (seed 1): no such token')
})

test('peers that spin at one instant are stopped and named', () => {
  const spin: Step = () => [setTimer('again', 0)]
  const { world } = scene({ alice: spin, bob: silent }, { eventsPerInstantMax: 1000 })

  world.start()

  expect(() => world.run(100)).toThrow(NoProgress)
  expect(() => scene({ alice: spin }, { eventsPerInstantMax: 1000 }).world.start()).not.toThrow()
})

test('one seed gives one run to the last bit, another seed another', () => {
  const run = (seed: number): readonly string[] => {
    const { world } = scene(
      {
        alice: (input) => (input.type === 'started' ? [subscribe('news'), setTimer('go', 5)] : input.type === 'timer' ? [call('bob')] : []),
        bob: echo,
      },
      { seed, latency: { delay: (_from, _to, random) => 5 + random.next() * 50 } },
    )
    world.start()
    world.run(1000)
    return [world.traceHash(), world.inputHash()]
  }

  expect(run(1)).toEqual(run(1))
  expect(run(1)[1]).not.toEqual(run(2)[1])
})

test('a world that is not traced runs the same and tells nothing', () => {
  const run = (isTraced: boolean) => {
    const told: string[] = []
    const machine = new Scripted((input) => (input.type === 'started' ? [setTimer('tick', 5)] : []), [])
    const world = createMessageWorld<Say>({
      seed: 1,
      isTraced,
      onRecord: ({ event }) => told.push(event.type),
      peers: [{ name: 'a', peerId: 'peer-a', createMachine: () => machine }],
    })
    world.start()
    world.run(10)
    return { told, inputs: world.inputHash() }
  }
  const [traced, untraced] = [run(true), run(false)]

  expect(traced.told).toEqual(['peerStarted'])
  expect(untraced).toEqual({ told: [], inputs: traced.inputs })
})
