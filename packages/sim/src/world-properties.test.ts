import { type AnyEnvelope, type AnyMessage, type Effect, type Input, type Machine, request, respond, setTimer } from '@infermesh/kernel'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { uniformLatency } from './latency.ts'
import { connectionLoss, delay, loss } from './link-faults.ts'
import { everyLink } from './link-rule.ts'
import { createMessageWorld } from './message-world.ts'
import type { MessageWorld } from './world.ts'

const NAMES = ['a', 'b', 'c', 'd'] as const
const TIMEOUT = 800
const ROUNDS = 12

interface Numbered extends AnyMessage {
  readonly number: number
}

interface Call {
  readonly life: number
  readonly to: string
  answers: number[]
  ends: string[]
}

/** Calls everyone at each tick, answers calls with three parts, and checks what it hears against what it asked. */
class Chatter implements Machine<Numbered> {
  readonly calls: Map<string, Call>
  readonly heard: string[]
  readonly #name: string
  readonly #life: number
  #ticks = 0

  constructor(name: string, life: number, log: { calls: Map<string, Call>; heard: string[] }) {
    this.#name = name
    this.#life = life
    this.calls = log.calls
    this.heard = log.heard
  }

  handle(input: Input<Numbered>, now: number): readonly Effect<Numbered>[] {
    switch (input.type) {
      case 'started':
        return [setTimer('tick', 50)]
      case 'timer':
        return this.#tick()
      case 'request':
        this.heard.push(`${now} ${input.from} ${input.stream} ${input.message.number}`)
        return [0, 1, 2].map((number) => respond(input.id, { type: 'part', number }, number === 2) as Effect<Numbered>)
      case 'response':
        this.#call(input.callId).answers.push(input.message.number)
        if (input.last) this.#call(input.callId).ends.push('last')
        return []
      case 'failed':
        this.#call(input.callId).ends.push(input.failure.code)
        return []
      default:
        return []
    }
  }

  #tick(): readonly Effect<Numbered>[] {
    this.#ticks++
    if (this.#ticks > ROUNDS) return []
    const calls = NAMES.filter((name) => name !== this.#name).map((to) => {
      const callId = `${this.#life}/${this.#ticks}/${to}`
      this.calls.set(callId, { life: this.#life, to, answers: [], ends: [] })
      const message = { type: 'ask', number: this.#life * 1000 + this.#ticks }
      return request<Numbered>({ callId, to, stream: 'talk', message, timeout: TIMEOUT }) as Effect<Numbered>
    })
    return [...calls, setTimer('tick', 50)]
  }

  #call(callId: string): Call {
    const call = this.calls.get(callId)
    if (call?.life !== this.#life) throw new Error(`an answer to ${callId}, which this life did not call`)
    return call
  }
}

type Trouble = {
  readonly at: number
  readonly kind: 'crash' | 'restart' | 'pause' | 'resume' | 'jam' | 'cut' | 'heal' | 'loss' | 'flaky' | 'delay' | 'slow'
  readonly peer: number
}

const troubles: fc.Arbitrary<Trouble[]> = fc.array(
  fc.record({
    at: fc.nat(900),
    kind: fc.constantFrom('crash', 'restart', 'pause', 'resume', 'jam', 'cut', 'heal', 'loss', 'flaky', 'delay', 'slow'),
    peer: fc.nat(NAMES.length - 1),
  }),
  { maxLength: 15 },
)

function apply(world: MessageWorld<Numbered, AnyEnvelope>, { kind, peer }: Trouble): void {
  const name = NAMES[peer] ?? 'a'
  const others = NAMES.filter((other) => other !== name)
  if (kind === 'jam' || kind === 'cut') world.partition([[name], others], kind)
  else if (kind === 'heal') world.heal()
  else if (kind === 'loss') world.addRule('loss', loss(everyLink, 0.3))
  else if (kind === 'flaky') world.addRule('flaky', connectionLoss(everyLink, 0.1))
  else if (kind === 'delay') world.addRule('delay', delay(everyLink, 30, 60))
  else if (kind === 'slow') world.setDisk(name, { type: 'slow', by: 5 })
  else if (kind !== 'pause' || world.isUp(name)) world[kind](name)
}

interface Outcome {
  readonly hashes: readonly string[]
  readonly logs: ReadonlyMap<string, { readonly calls: Map<string, Call>; readonly heard: string[]; readonly lives: number }>
  readonly up: ReadonlySet<string>
}

function play(seed: number, script: readonly Trouble[]): Outcome {
  const logs = new Map<string, { calls: Map<string, Call>; heard: string[]; lives: number }>()
  const peers = NAMES.map((name) => {
    const log = { calls: new Map<string, Call>(), heard: [] as string[], lives: 0 }
    logs.set(name, log)
    return {
      name,
      peerId: name,
      createMachine: () => {
        log.lives++
        return new Chatter(name, log.lives, log)
      },
    }
  })
  const world = createMessageWorld<Numbered, AnyEnvelope>({ seed, latency: uniformLatency(1, 60), keepAliveMs: 400, peers })
  world.start()
  for (const trouble of script) world.at(trouble.at, () => apply(world, trouble))
  world.run(1000)
  world.heal()
  for (const name of NAMES) if (world.isUp(name)) world.resume(name)
  world.run(10_000)
  return { hashes: [world.traceHash(), world.inputHash()], logs, up: new Set(NAMES.filter((name) => world.isUp(name))) }
}

test('whatever happens, every call of a living peer ends exactly once, with its answers in order', () => {
  const property = fc.property(fc.nat(1000), troubles, (seed, script) => {
    const { logs, up } = play(seed, script)
    for (const [name, { calls, lives }] of logs) {
      for (const [callId, call] of calls) {
        const isSurvivor = up.has(name) && call.life === lives
        expect(call.ends.length, `${name} ${callId}`).toBeLessThanOrEqual(1)
        if (isSurvivor) expect(call.ends.length, `${name} ${callId}`).toBe(1)
        expect(call.answers).toEqual([0, 1, 2].slice(0, call.answers.length))
        if (call.ends[0] === 'last') expect(call.answers).toHaveLength(3)
        if (call.ends[0] === 'unreachable') expect(call.answers).toHaveLength(0)
      }
    }
  })
  void fc.assert(property, { numRuns: 150 })
})

test('whatever happens, no peer hears a request twice, and one life of a caller is heard in order', () => {
  const property = fc.property(fc.nat(1000), troubles, (seed, script) => {
    for (const { heard } of play(seed, script).logs.values()) {
      for (const from of NAMES) {
        const numbers = heard.filter((line) => line.split(' ')[1] === from).map((line) => Number(line.split(' ')[3]))
        expect(new Set(numbers).size).toBe(numbers.length)
        const lives = new Set(numbers.map((number) => Math.floor(number / 1000)))
        if (script.some(({ kind }) => kind === 'flaky' || kind === 'cut' || kind === 'jam' || kind === 'pause')) continue
        for (const life of lives) {
          const ofLife = numbers.filter((number) => Math.floor(number / 1000) === life)
          expect(ofLife).toEqual([...ofLife].sort((left, right) => left - right))
        }
      }
    }
  })
  void fc.assert(property, { numRuns: 100 })
})

test('the same seed and the same troubles give the same run', () => {
  const property = fc.property(fc.nat(1000), troubles, (seed, script) => {
    expect(play(seed, script).hashes).toEqual(play(seed, script).hashes)
  })
  void fc.assert(property, { numRuns: 30 })
})
