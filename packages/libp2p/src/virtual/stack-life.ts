import { type AnyMessage, type Effect, type Input, inputText, type Random, randomFrom, type TraceEvent } from '@infermesh/kernel'
import { type LocalAnswer, type LocalCall, MachineFailed, NoProgress } from '@infermesh/sim'
import type { GossipOptions, Host, HostOptions } from '../host-options.ts'
import { createHost } from '../libp2p-host.ts'
import { Owner } from './clock/owner.ts'
import type { VirtualClock } from './clock/virtual-clock.ts'
import { addressOf, type Station } from './link/station.ts'
import { virtualLink } from './link/virtual-link.ts'
import type { VirtualNetwork } from './link/virtual-network.ts'
import type { Wire } from './link/virtual-transport.ts'
import { LocalAsk } from './local-ask.ts'
import { ModelledWork, type WorkOptions } from './modelled-work.ts'
import type { SkewedClock } from './skewed-clock.ts'
import type { StackPeer } from './stack-peer.ts'
import { DiskCrash, type StackStore } from './stack-store.ts'

/** What all lives of all peers share. */
export interface LifeContext {
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
  readonly seed: string | number
  readonly wire: Wire
  readonly work: WorkOptions
  readonly gossip: Partial<GossipOptions>
  readonly nameOf: (peerId: string) => string | undefined
  readonly emit: (peer: string, event: TraceEvent) => void
  readonly onInput: (peer: number, input: Input) => void
  readonly onCrash: (peer: string, reason: string) => void
}

export interface LifeInit {
  readonly context: LifeContext
  readonly spec: StackPeer
  readonly station: Station
  readonly store: StackStore
  readonly clock: SkewedClock
  /** 0 at first, one more at each restart. */
  readonly generation: number
}

/** The peer ended in the middle of what it did; nothing of the rest may happen. */
class LifeOver extends Error {
  override readonly name = 'LifeOver'
}

/** A peer from one start to its crash: a libp2p host like any other, whose events all belong to one owner. */
export class StackLife {
  readonly owner: Owner
  readonly host: Host
  machine: ReturnType<StackPeer['createMachine']> | undefined
  /** Effects it may still perform before a planned crash. */
  effectsLeft = Infinity
  readonly #init: LifeInit
  readonly #asks = new Set<(answer: LocalAnswer<AnyMessage>) => void>()

  constructor(init: LifeInit) {
    const { context, spec, generation } = init
    const random = randomFrom(`${context.seed}/${spec.name}/${generation}`)
    this.#init = init
    this.owner = new Owner({ name: spec.name, index: init.station.index, random: random.fork('ambient') })
    this.host = createHost(this.#hostOptions(random))
  }

  /** Runs as the owner's first event. */
  start(): void {
    const { context, spec } = this.#init
    const dialled = async () => {
      await this.host.start()
      for (const name of spec.dial ?? []) {
        const peer = context.network.station(name)?.peerId.toString()
        // A failed first try is no error: the host goes on trying.
        if (peer !== undefined) this.host.dial(peer).catch(() => undefined)
      }
    }
    dialled().catch((error: Error) => this.#onFatal(error, undefined))
  }

  ask(call: LocalCall<AnyMessage>, onAnswer: (answer: LocalAnswer<AnyMessage>) => void): () => void {
    const { clock } = this.#init.context
    const tell = (answer: LocalAnswer<AnyMessage>) => {
      if (!this.#asks.has(tell)) return
      if (answer.type === 'failed' || answer.last) this.#asks.delete(tell)
      clock.at(clock.effective(this.owner), () => onAnswer(answer))
    }
    this.#asks.add(tell)
    const asking = new LocalAsk(this.host, call, tell)
    clock.enter(this.owner, () => asking.start((run) => clock.enter(this.owner, run)))
    return () => {
      this.#asks.delete(tell)
      clock.enter(this.owner, () => asking.cancel())
    }
  }

  /** Ends it as a killed process ends: nothing more happens to it, and the others find its connections reset. */
  kill(): void {
    this.owner.isDead = true
    for (const end of [...this.#init.station.ends]) end.pipe.end(end, 'reset')
    this.#init.station.reception = undefined
    for (const tell of [...this.#asks]) tell({ type: 'failed', failure: { code: 'lost', detail: `${this.#init.spec.name} went down` } })
  }

  #hostOptions(random: Random): HostOptions {
    const { context, spec, station, store, clock } = this.#init
    const work = new ModelledWork({ clock: context.clock, peer: spec.name, random: random.fork('work'), options: context.work })
    return {
      ...spec,
      createMachine: () => this.#machine(),
      store,
      now: () => clock.now(this.owner),
      timers: clock.timers(),
      random: random.fork('host'),
      emit: (event) => {
        if (!this.owner.isDead) context.emit(spec.name, event)
      },
      compute: work.compute,
      link: virtualLink({ network: context.network, station, owner: this.owner, wire: context.wire }),
      listen: [addressOf(spec.name)],
      lookUp: (peer) => {
        const name = context.nameOf(peer)
        return name === undefined ? [] : [addressOf(name)]
      },
      gossip: { ...context.gossip, ...spec.gossip },
      beforeEffect: (effect) => this.#beforeEffect(effect),
      onFatal: (error, input) => this.#onFatal(error, input),
    }
  }

  #machine(): ReturnType<StackPeer['createMachine']> {
    const { context, spec, station } = this.#init
    const machine = spec.createMachine()
    this.machine = machine
    return {
      handle: (input, now) => {
        context.clock.note(this.owner)
        context.onInput(station.index, input)
        return machine.handle(input, now)
      },
      ...(machine.validate && { validate: machine.validate.bind(machine) }),
    }
  }

  #beforeEffect(_: Effect): void {
    if (this.owner.isDead) throw new LifeOver('the peer is down')
    if (this.effectsLeft === Infinity) return
    this.effectsLeft--
    if (this.effectsLeft > 0) return
    if (this.effectsLeft < 0) throw new LifeOver('the peer is down')
    const { context, spec } = this.#init
    context.clock.at(context.clock.now, () => context.onCrash(spec.name, 'planned between two effects'))
  }

  #onFatal(error: Error, input: Input | undefined): void {
    const { context, spec, store } = this.#init
    if (this.owner.isDead || error instanceof LifeOver) return
    if (error instanceof DiskCrash) {
      context.onCrash(spec.name, error.message)
      return
    }
    if (input?.type === 'started' && store.isDamaged()) {
      context.onCrash(spec.name, `it refuses to start: ${error.message}`)
      return
    }
    if (error instanceof NoProgress) {
      context.clock.fail(error)
      return
    }
    const at = Math.floor(context.clock.now)
    context.clock.fail(
      new MachineFailed({ peer: spec.name, input: input === undefined ? 'none' : inputText(input), at, seed: context.seed, cause: error }),
    )
  }
}
