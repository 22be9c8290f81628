import { setTimeout as sleep } from 'node:timers/promises'
import { type Effect, type Input, type Machine, randomFrom, type TraceEvent, type TraceRecord } from '@infermesh/kernel'
import { type ComputeStep, createHost, type Host, MemoryStore, tcpLink } from '@infermesh/libp2p'
import type { CasePeer, ConformanceCase, ConformanceWorld, Seen, Step } from './conformance-case.ts'
import type { CountJob, Note, Paper } from './note.ts'
import { identity, partsOf } from './stack-peer-parts.ts'

/** The host of a peer process, over TCP and in real time. All hosts of a case share this process. */
export const tcpAdapter: ConformanceWorld = {
  name: 'process host',
  async run(conformanceCase) {
    const run = new TcpRun(conformanceCase)
    try {
      await run.play()
    } finally {
      await run.stop()
    }
    return run.records
  },
}

class TcpRun {
  readonly records: TraceRecord<Seen>[] = []
  readonly #case: ConformanceCase
  readonly #seats: ReadonlyMap<string, Seat>
  #startedAt = 0

  constructor(conformanceCase: ConformanceCase) {
    this.#case = conformanceCase
    const world = {
      now: () => Math.floor(performance.now() - this.#startedAt),
      record: (peer: string, event: TraceEvent) =>
        void this.records.push({ seq: this.records.length, at: world.now(), peer, event: event as Seen }),
    }
    this.#seats = new Map(conformanceCase.peers.map((peer) => [peer.name, new Seat(peer, world)]))
  }

  async play(): Promise<void> {
    const { down = [], script = [], until } = this.#case
    this.#startedAt = performance.now()
    const seats = [...this.#seats].filter(([name]) => !down.includes(name)).map(([, seat]) => seat)
    await Promise.all(seats.map((seat) => seat.start()))
    this.#introduce()
    for (const [index, seat] of seats.entries()) for (const earlier of seats.slice(0, index)) seat.dial(earlier)
    for (const step of script) {
      await sleep(Math.max(0, step.at - (performance.now() - this.#startedAt)))
      await this.#apply(step)
    }
    await sleep(until - (performance.now() - this.#startedAt))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#seats.values()].map((seat) => seat.kill()))
  }

  async #apply(step: Step): Promise<void> {
    const seat = this.#seats.get(step.peer)
    if (seat === undefined) throw new Error(`the script names ${step.peer}, which is no peer of the case`)
    if (step.type === 'crashAfter') seat.killAfter(step.effects)
    if (step.type === 'pause') seat.pause()
    if (step.type === 'resume') seat.resume()
    if (step.type === 'crash' || step.type === 'restart') await seat.kill()
    if (step.type !== 'restart') return
    await seat.start()
    this.#introduce()
  }

  #introduce(): void {
    for (const seat of this.#seats.values()) for (const other of this.#seats.values()) if (seat !== other) seat.know(other)
  }
}

interface SeatWorld {
  now(): number
  record(peer: string, event: TraceEvent): void
}

/** A peer of a case, over its lives. A kill is a host that is cut off at once and then cleared away. */
class Seat {
  readonly #peer: CasePeer
  readonly #world: SeatWorld
  readonly #store = new MemoryStore()
  #host: Host | undefined
  #lives = 0
  #effectsLeft = Number.POSITIVE_INFINITY
  #waiting: Input[] | undefined

  constructor(peer: CasePeer, world: SeatWorld) {
    this.#peer = peer
    this.#world = world
  }

  async start(): Promise<void> {
    const life = ++this.#lives
    const isAlive = () => this.#lives === life
    const parts = partsOf(this.#peer)
    this.#effectsLeft = Number.POSITIVE_INFINITY
    this.#waiting = undefined
    this.#host = createHost({
      ...parts,
      createMachine: () => this.#pausable(parts.createMachine()),
      store: this.#store,
      now: this.#world.now,
      random: randomFrom(`${parts.name}/${life}`),
      emit: (event) => {
        if (isAlive() && (event.type === 'saw' || event.type === 'said')) this.#world.record(parts.name, event)
      },
      compute: (job) => countSlowly(job as CountJob),
      link: tcpLink(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      beforeEffect: (effect) => this.#beforeEffect(effect, isAlive()),
      onFatal: (error) => {
        if (isAlive()) throw error
      },
    })
    await this.#host.start()
  }

  know(other: Seat): void {
    this.#host?.know(identity(other.#peer.name).peerId, other.#host?.addresses() ?? [])
  }

  dial(other: Seat): void {
    // A failed first try is no error: the host goes on trying.
    this.#host?.dial(identity(other.#peer.name).peerId).catch(() => undefined)
  }

  async kill(): Promise<void> {
    this.#lives++
    const host = this.#host
    this.#host = undefined
    await host?.stop()
  }

  killAfter(effects: number): void {
    this.#effectsLeft = effects
  }

  pause(): void {
    this.#waiting = []
  }

  resume(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const input of waiting) this.#host?.inject(input)
  }

  #pausable(machine: Machine<Note, Paper>): Machine {
    return {
      handle: (input: Input<Note, Paper>, now) => {
        if (this.#waiting === undefined) return machine.handle(input, now)
        this.#waiting.push(input)
        return []
      },
      ...(machine.validate && { validate: machine.validate.bind(machine) }),
    } as Machine
  }

  #beforeEffect(_: Effect, isAlive: boolean): void {
    if (!isAlive) throw new Error('killed')
    if (this.#effectsLeft-- > 0) return
    void this.kill()
    throw new Error('killed')
  }
}

async function* countSlowly({ results }: CountJob): AsyncGenerator<ComputeStep> {
  for (let value = 0; value < results; value++) {
    await sleep(20)
    yield { result: { ok: true, value }, last: value === results - 1 }
  }
}
