import type { Owner, Task } from '../clock/owner.ts'
import type { Station } from './station.ts'
import { HELD, type VirtualNetwork } from './virtual-network.ts'

/** The far end of a pipe gets this when it arrives. */
export interface Parcel {
  readonly bytes: number
  deliver(to: PipeEnd): void
}

/** What keeps its order: a stream, or a whole connection. */
export interface Lane {
  /** When the last parcel under way arrives. */
  lastArrival: number
}

/** What an end tells whoever uses it. */
export interface PipeListener {
  /** The other end closed in good order, after all that it had sent. */
  closedByRemote(): void
  /** The connection broke: the other end reset it or is gone, or a fault acted. */
  resetByRemote(): void
  /** There is room again. */
  roomAgain(): void
}

/** One side of a connection, held by one life of one peer. */
export class PipeEnd {
  readonly pipe: Pipe
  readonly station: Station
  readonly owner: Owner
  listener: PipeListener | undefined
  /** Hears which protocols the other end speaks. */
  onIdentity: ((protocols: string[]) => void) | undefined
  isClosed = false
  /** Of all lanes: what ends the connection comes after them. */
  readonly all: Lane = { lastArrival: 0 }
  held: { readonly parcel: Parcel; readonly lane: Lane }[] = []
  heldBytes = 0
  #waitsForDrain = false

  constructor(pipe: Pipe, station: Station, owner: Owner) {
    this.pipe = pipe
    this.station = station
    this.owner = owner
    station.ends.add(this)
  }

  /** False when the sender should pause until it hears of a drain. */
  send(parcel: Parcel, lane: Lane): boolean {
    if (this.isClosed || this.owner.isDead) return true
    if (this.held.length > 0) this.hold(parcel, lane)
    else this.ship(parcel, lane)
    return this.hasRoom()
  }

  /** False when a rule holds the parcel back. */
  ship(parcel: Parcel, lane: Lane): boolean {
    const arrival = this.pipe.network.transit(this.station, this.pipe.other(this).station, parcel.bytes)
    if (arrival >= 0) {
      this.deliverAt(arrival, parcel, lane)
      return true
    }
    if (arrival === HELD) this.hold(parcel, lane)
    else this.pipe.break()
    return false
  }

  /** Not before anything else on the lane. */
  deliverAt(at: number, parcel: Parcel, lane: Lane): void {
    const { all } = this
    const arrival = at > lane.lastArrival ? at : lane.lastArrival
    lane.lastArrival = arrival
    if (arrival > all.lastArrival) all.lastArrival = arrival
    this.pipe.network.clock.push(arrival, new Arrival(this.pipe.other(this), parcel))
  }

  hasRoom(): boolean {
    const { network } = this.pipe
    if (this.heldBytes > network.queueBytes) {
      this.#waitsForDrain = true
      return false
    }
    const wait = this.station.up.drainsIn(network.queueBytes, network.clock.now)
    if (wait === 0) return true
    if (!this.#waitsForDrain) {
      this.#waitsForDrain = true
      network.clock.push(network.clock.now + wait, { owner: this.owner, run: () => this.drain() })
    }
    return false
  }

  drain(): void {
    if (!this.#waitsForDrain || this.isClosed) return
    this.#waitsForDrain = false
    if (this.hasRoom()) this.listener?.roomAgain()
  }

  close(): void {
    this.isClosed = true
    this.held = []
    this.heldBytes = 0
    this.station.ends.delete(this)
  }

  /** Keeps it, and all that follows it, until a rule goes. */
  hold(parcel: Parcel, lane: Lane): void {
    this.held.push({ parcel, lane })
    this.heldBytes += parcel.bytes
    this.pipe.hold()
  }
}

class Arrival implements Task {
  readonly owner: Owner
  readonly #to: PipeEnd
  readonly #parcel: Parcel
  #isAdmitted = false

  constructor(to: PipeEnd, parcel: Parcel) {
    this.owner = to.owner
    this.#to = to
    this.#parcel = parcel
  }

  run(): void {
    const to = this.#to
    if (to.isClosed) return
    const { clock } = to.pipe.network
    const wait = this.#isAdmitted ? 0 : to.station.down.occupy(this.#parcel.bytes, clock.now)
    this.#isAdmitted = true
    if (wait > 0) clock.push(clock.now + wait, this)
    else this.#parcel.deliver(to)
  }
}

/** A connection between two peers: a pair of ends, and what happens to both. */
export class Pipe {
  readonly network: VirtualNetwork
  readonly dialer: PipeEnd
  readonly listener: PipeEnd
  #heldSince = -1

  constructor(network: VirtualNetwork, dialer: { station: Station; owner: Owner }, listener: { station: Station; owner: Owner }) {
    this.network = network
    this.dialer = new PipeEnd(this, dialer.station, dialer.owner)
    this.listener = new PipeEnd(this, listener.station, listener.owner)
  }

  other(end: PipeEnd): PipeEnd {
    return end === this.dialer ? this.listener : this.dialer
  }

  /** One side ends it; the news follows what that side has sent, unless it is a reset. */
  end(side: PipeEnd, how: 'closed' | 'reset'): void {
    if (side.isClosed) return
    const { network } = this
    const other = this.other(side)
    const arrival = network.transit(side.station, other.station, 0)
    const { now } = network.clock
    const news = arrival >= 0 ? arrival : now + (arrival === HELD ? network.keepAliveMs : network.delay(side.station, other.station))
    side.close()
    this.#tell(other, Math.max(news, side.all.lastArrival), how)
  }

  /** Ends it for both sides at once, as a fault does. */
  break(): void {
    const { network } = this
    for (const side of [this.dialer, this.listener]) {
      const news = network.clock.now + network.delay(this.other(side).station, side.station)
      side.held = []
      side.heldBytes = 0
      this.#tell(side, news, 'reset')
    }
  }

  hold(): void {
    if (this.#heldSince >= 0) return
    this.#heldSince = this.network.clock.now
    this.network.hold(this)
    this.network.clock.at(this.#heldSince + this.network.keepAliveMs, () => this.#checkSilence())
  }

  /** After a rule went: what was held tries again, in order. True when something is still held. */
  release(): boolean {
    for (const end of [this.dialer, this.listener]) {
      const { held } = end
      end.held = []
      end.heldBytes = 0
      for (const { parcel, lane } of held) end.send(parcel, lane)
      if (end.held.length === 0 && held.length > 0) this.network.clock.enter(end.owner, () => end.drain())
    }
    const isHeld = this.dialer.held.length + this.listener.held.length > 0
    if (!isHeld) this.#heldSince = -1
    return isHeld
  }

  #checkSilence(): void {
    if (this.#heldSince < 0) return
    const due = this.#heldSince + this.network.keepAliveMs
    if (this.network.clock.now >= due) this.break()
    else this.network.clock.at(due, () => this.#checkSilence())
  }

  #tell(side: PipeEnd, at: number, how: 'closed' | 'reset'): void {
    this.network.clock.push(at, {
      owner: side.owner,
      run() {
        if (side.isClosed) return
        side.close()
        if (how === 'closed') side.listener?.closedByRemote()
        else side.listener?.resetByRemote()
      },
    })
  }
}
