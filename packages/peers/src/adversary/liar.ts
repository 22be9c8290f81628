import { emit, type Millis, setTimer, subscribe } from '@infermesh/kernel'
import type { PeerEffect, PeerInput, PeerMachine, PeerServices } from '@infermesh/protocol'
import { type Answerer, referenceAnswer } from '../operator/answer.ts'
import { lyingAnswer } from './answer-lies.ts'
import type { Lie, Trick, TrickParts } from './lie.ts'
import { trickOf } from './tricks.ts'

const TIMER_PREFIX = 'lie/'

interface Told {
  readonly lie: Lie
  readonly trick: Trick
}

/** A peer that lies: its honest machine, with tricks around it. `make` builds the machine around the answers it is given. */
export function createLiar(make: (answerer: Answerer) => PeerMachine, lies: readonly Lie[], services: PeerServices): PeerMachine {
  const clock = { now: 0 }
  const said: string[] = []
  const answerer = lies.reduce<Answerer>(
    (honest, lie) => lyingAnswer(lie, honest, { services, isOn: () => isOn(lie, clock.now), note: () => said.push(lie.kind) }),
    referenceAnswer,
  )
  return new Liar({ machine: make(answerer), lies, services, clock, said })
}

const isOn = ({ from, until }: Lie, now: Millis): boolean => now >= from && (until === undefined || now < until)

interface LiarParts {
  readonly machine: PeerMachine
  readonly lies: readonly Lie[]
  readonly services: PeerServices
  /** Shows the answerers the time. */
  readonly clock: { now: Millis }
  /** Lies that the answerers have told since last asked. */
  readonly said: string[]
}

class Liar implements PeerMachine {
  readonly #parts: LiarParts
  readonly #tricks: readonly Told[]
  readonly validate?: NonNullable<PeerMachine['validate']>

  constructor(parts: LiarParts) {
    const { machine, lies, services } = parts
    this.#parts = parts
    this.#tricks = lies.map((lie, index) => ({ lie, trick: trickOf(trickParts(lie, index, services)) }))
    if (machine.validate !== undefined) this.validate = (topic, envelope, now) => machine.validate?.(topic, envelope, now) ?? 'accept'
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    const { machine, clock, said } = this.#parts
    clock.now = now
    if (input.type === 'timer' && input.key.startsWith(TIMER_PREFIX)) return this.#wake(Number(input.key.slice(TIMER_PREFIX.length)), now)
    for (const { trick } of this.#tricks) trick.hear?.(input)
    const honest = machine.handle(input, now)
    const spoken = said.splice(0).map((lie) => emit({ type: 'lied', lie, what: 'an answer' } as const))
    const effects = this.#tricks.reduce<readonly PeerEffect[]>(
      (before, { lie, trick }) => (isOn(lie, now) ? trick.act(before, now) : before),
      [...honest, ...spoken],
    )
    if (input.type !== 'started') return effects
    const timers = this.#tricks.flatMap(({ lie, trick }, index) =>
      trick.wake === undefined ? [] : [setTimer(timerOf(index), Math.max(1, lie.from - now))],
    )
    const topics = this.#tricks.flatMap(({ trick }) => (trick.topics ?? []).map(subscribe))
    return [...effects, ...topics, ...timers]
  }

  #wake(index: number, now: Millis): readonly PeerEffect[] {
    const told = this.#tricks[index]
    return told?.trick.wake?.(now, isOn(told.lie, now)) ?? []
  }
}

const timerOf = (index: number): string => `${TIMER_PREFIX}${index}`

function trickParts(lie: Lie, index: number, services: PeerServices): TrickParts {
  const random = services.random.fork(`lie/${index}`)
  return {
    lie,
    services,
    chance: () => lie.share >= 1 || random.next() < lie.share,
    told: (what) => emit({ type: 'lied', lie: lie.kind, what } as const),
    sleep: (after) => setTimer(timerOf(index), after),
  }
}
