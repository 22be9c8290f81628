import { assert, type PeerId, type Random, randomFrom } from '@infermesh/kernel'
import { constantLatency, TraceHash } from '@infermesh/sim'
import type { VirtualClock } from './clock/virtual-clock.ts'
import { Station } from './link/station.ts'
import { VirtualNetwork } from './link/virtual-network.ts'
import { SkewedClock } from './skewed-clock.ts'
import { type LifeContext, StackLife } from './stack-life.ts'
import type { StackPeer } from './stack-peer.ts'
import { StackStore } from './stack-store.ts'
import { StackTrace } from './stack-trace.ts'
import { threadClock } from './worker/thread.ts'
import type { StackWorldOptions } from './world-options.ts'

const KEEP_ALIVE_MS = 30_000
const LATENCY_MS = 10
const QUEUE_BYTES = 4 * 1024 * 1024
const EVENTS_PER_INSTANT = 200_000
const EVENTS_PER_INSTANT_EACH = 2_000

/** A peer's seat in the world: what outlives its crashes. */
export interface Seat {
  readonly spec: StackPeer
  readonly station: Station
  readonly store: StackStore
  readonly clock: SkewedClock
  life: StackLife | undefined
  starts: number
}

/** The parts of a stack world, wired to each other. */
export class StackRuntime {
  readonly clock: VirtualClock = threadClock()
  readonly network: VirtualNetwork
  readonly seats: readonly Seat[]
  readonly trace: StackTrace
  readonly inputHash = new TraceHash()
  readonly #byName: ReadonlyMap<string, Seat>
  readonly #byId: ReadonlyMap<PeerId, string>
  readonly #context: LifeContext

  constructor(options: StackWorldOptions) {
    const { peers, seed } = options
    const random = randomFrom(seed)
    this.clock.guard(options.eventsPerInstantMax ?? Math.max(EVENTS_PER_INSTANT, EVENTS_PER_INSTANT_EACH * peers.length), seed)
    this.trace = new StackTrace(this.clock, options.onRecord)
    this.network = networkOf(this.clock, options, random)
    this.seats = peers.map((spec, index) => this.#seat(spec, index, random))
    this.#byName = new Map(this.seats.map((seat) => [seat.spec.name, seat]))
    this.#byId = new Map(peers.map((spec) => [spec.identity.peerId, spec.name]))
    assert(this.#byName.size === peers.length, 'peer names must be unique')
    assert(this.#byId.size === peers.length, 'peer ids must be unique')
    for (const { station, spec } of this.seats) setRate(station, options.bandwidth?.rate(spec.name))
    this.#context = this.#lifeContext(options)
  }

  seat(name: string): Seat {
    const seat = this.#byName.get(name)
    assert(seat !== undefined, `no peer is called ${name}; there are ${[...this.#byName.keys()].slice(0, 20).join(', ')}`)
    return seat
  }

  start(seat: Seat): void {
    const { spec, station, store, clock } = seat
    assert(seat.life === undefined, `${spec.name} is already up`)
    const generation = seat.starts++
    const life = new StackLife({ context: this.#context, spec, station, store, clock, generation })
    seat.life = life
    station.owner = life.owner
    const { identity, name, role = '' } = spec
    this.trace.tell({ type: 'peerStarted', name, peerId: identity.peerId, role, restarted: generation > 0 })
    this.clock.enter(life.owner, () => life.start())
  }

  crash(seat: Seat, reason: string): void {
    const { life } = seat
    if (life === undefined) return
    seat.life = undefined
    life.kill()
    seat.store.onCrash()
    this.trace.tell({ type: 'peerCrashed', name: seat.spec.name, reason })
  }

  #seat(spec: StackPeer, index: number, random: Random): Seat {
    const { name, identity } = spec
    const station = new Station({ index, name, peerId: identity.peerId, random: random.fork(`links of ${name}`) })
    this.network.add(station)
    const store = new StackStore((by) => {
      if (station.owner !== undefined) this.clock.stall(station.owner, by)
    })
    return { spec, station, store, clock: new SkewedClock(this.clock), life: undefined, starts: 0 }
  }

  #lifeContext(options: StackWorldOptions): LifeContext {
    const { clock, network, inputHash } = this
    return {
      clock,
      network,
      seed: options.seed,
      wire: options.wire ?? 'plain',
      work: options,
      gossip: options.gossip ?? {},
      nameOf: (peerId) => this.#byId.get(peerId),
      emit: (peer, event) => this.trace.record(peer, event),
      onInput(peer, input) {
        inputHash.addNumber(clock.now * 1024)
        inputHash.addWord(peer)
        inputHash.addText(input.type)
      },
      onCrash: (name, reason) => this.crash(this.seat(name), reason),
    }
  }
}

function networkOf(clock: VirtualClock, options: StackWorldOptions, random: Random): VirtualNetwork {
  return new VirtualNetwork({
    clock,
    latency: options.latency ?? constantLatency(LATENCY_MS),
    random,
    keepAliveMs: options.keepAliveMs ?? KEEP_ALIVE_MS,
    dialRoundTrips: options.dialRoundTrips ?? 1,
    queueBytes: options.bandwidth?.queueBytes ?? QUEUE_BYTES,
  })
}

function setRate(station: Station, rate: { readonly up: number; readonly down: number } | undefined): void {
  if (rate === undefined) return
  station.up.setRate(rate.up)
  station.down.setRate(rate.down)
}
