import {
  type AnyEnvelope,
  type AnyMessage,
  cancel,
  compute,
  type Effect,
  type Input,
  type Job,
  type Machine,
  setTimer,
} from '@infermesh/kernel'
import { expect, test } from 'vitest'
import type { ComputingOptions, Engine, EngineTurn } from './computing.ts'
import { createMessageWorld } from './message-world.ts'
import type { MessageWorld } from './world.ts'

const job: Job = { kind: 'think' }

interface Scene {
  readonly world: MessageWorld
  readonly results: string[]
}

function scene(options: ComputingOptions, behave: (input: Input) => readonly Effect[]): Scene {
  const results: string[] = []
  const createMachine = (): Machine => ({
    handle(input, now) {
      if (input.type === 'computed')
        results.push(`${now} ${input.callId} ${input.result.ok && input.result.value}${input.last ? ' last' : ''}`)
      return behave(input)
    },
  })
  return {
    world: createMessageWorld<AnyMessage, AnyEnvelope>({ seed: 1, ...options, peers: [{ name: 'a', peerId: 'a', createMachine }] }),
    results,
  }
}

const value = (what: unknown) => ({ ok: true, value: what }) as const

/** Works on one job after the other, 100 ms each. */
class OneByOne implements Engine {
  readonly #queue: string[] = []
  #until = 0

  start(callId: string, _job: Job, now: number): EngineTurn {
    this.#queue.push(callId)
    if (this.#queue.length === 1) this.#until = now + 100
    return { results: [], wakeAt: this.#until }
  }

  cancel(callId: string, now: number): EngineTurn {
    const place = this.#queue.indexOf(callId)
    this.#queue.splice(place, 1)
    if (place === 0) this.#until = now + 100
    return this.#queue.length > 0 ? { results: [], wakeAt: this.#until } : { results: [] }
  }

  wake(now: number): EngineTurn {
    const done = this.#queue.shift()
    this.#until = now + 100
    const results = done === undefined ? [] : [{ callId: done, result: value(done), last: true }]
    return this.#queue.length > 0 ? { results, wakeAt: this.#until } : { results }
  }
}

const startThree = (input: Input): readonly Effect[] =>
  input.type === 'started' ? [compute('x', job), compute('y', job), compute('z', job), setTimer('stop', 150)] : []

test('a job gives its results at their times', () => {
  const steps = [
    { after: 10, result: value(1) },
    { after: 30, result: value(2) },
  ]
  const { world, results } = scene({ compute: () => steps }, (input) => (input.type === 'started' ? [compute('x', job)] : []))

  world.start()
  world.run(100)

  expect(results).toEqual(['10 x 1', '30 x 2 last'])
})

test('jobs that share an engine wait for each other, and a cancelled one makes room', () => {
  const plain = scene({ createEngine: () => new OneByOne() }, startThree)
  plain.world.start()
  plain.world.run(1000)
  const cancelled = scene({ createEngine: () => new OneByOne() }, (input) => (input.type === 'timer' ? [cancel('y')] : startThree(input)))
  cancelled.world.start()
  cancelled.world.run(1000)

  expect(plain.results).toEqual(['100 x x last', '200 y y last', '300 z z last'])
  expect(cancelled.results).toEqual(['100 x x last', '250 z z last'])
})

test('jobs die with their process, and a new process has a new engine', () => {
  const { world, results } = scene({ createEngine: () => new OneByOne() }, startThree)

  world.start()
  world.run(50)
  world.restart('a')
  world.run(1000)

  expect(results).toEqual(['150 x x last', '250 y y last', '350 z z last'])
})

test('a world without a processor says what it lacks', () => {
  const { world } = scene({}, startThree)

  expect(() => world.start()).toThrow('a asked for a think job, but the world was given neither compute nor an engine for it')
})
