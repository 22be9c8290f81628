import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import { Cargo } from './cargo.ts'
import { Connection } from './connection.ts'
import { KIND } from './event-kind.ts'
import type { Host } from './host.ts'
import { DROPPED, type Network, OVERFLOW, RESET } from './network.ts'
import type { Peer } from './peer.ts'

export interface ConnectionOptions {
  /** Silence after which a connection counts as broken, and a dial as failed, in ms. */
  readonly keepAliveMs: number
  /** Round trips before the first message of a new connection may leave. */
  readonly dialRoundTrips: number
}

/** One message for a lane of a connection. `kind` and `cargo` make its event. */
export interface Shipment<M extends AnyMessage, E extends AnyEnvelope> {
  readonly from: Peer<M, E>
  readonly lane: string
  readonly bytes: number
  readonly kind: number
  readonly cargo: number
  /** The sender may be told that there is no room; otherwise the message waits, however long. */
  readonly mayOverflow: boolean
}

/** Opens, uses and ends connections; keeps the order of every lane, also across a fault that holds messages back. */
export class Connections<M extends AnyMessage, E extends AnyEnvelope> {
  readonly #host: Host<M, E>
  readonly #network: Network<M, E>
  readonly #options: ConnectionOptions
  readonly #ends = new Cargo<Connection<M, E>>()
  readonly #waiting = new Set<Connection<M, E>>()

  constructor(host: Host<M, E>, network: Network<M, E>, options: ConnectionOptions) {
    this.#host = host
    this.#network = network
    this.#options = options
  }

  /** The connection a peer uses towards another, dialled now if there is none. */
  towards(from: Peer<M, E>, to: Peer<M, E>): Connection<M, E> {
    const known = from.connections?.get(to.index)
    if (known?.isOpenAt(from)) return known
    const theirs = to.connections?.get(from.index)
    // Two peers that dial each other at once share one connection, or their messages could overtake each other.
    if (theirs?.dialer === to && !theirs.isAccepted && theirs.dialerOpen) {
      this.accept(theirs)
      return theirs
    }
    const fresh = new Connection(from, to)
    fresh.readyAt = this.#host.now
    for (let trip = 0; trip < this.#options.dialRoundTrips; trip++)
      fresh.readyAt += this.#network.delay(from, to) + this.#network.delay(to, from)
    from.connections ??= new Map()
    from.connections.set(to.index, fresh)
    return fresh
  }

  accept(connection: Connection<M, E>): void {
    if (connection.isAccepted) return
    connection.accept()
    connection.listener.connections ??= new Map()
    connection.listener.connections.set(connection.dialer.index, connection)
  }

  /** Sends in lane order. False when the sender's queue is full and nothing was sent. */
  send(connection: Connection<M, E>, shipment: Shipment<M, E>): boolean {
    if (connection.isBroken) return true
    if (connection.isHeld(shipment.from, shipment.lane)) return this.#hold(connection, shipment)
    const outcome = this.#ship(connection, shipment)
    if (outcome === DROPPED) return this.#hold(connection, shipment)
    return outcome !== OVERFLOW
  }

  /** Ends every connection of a peer that died; the others hear of it. */
  endAll(peer: Peer<M, E>): void {
    for (const connection of peer.connections?.values() ?? []) this.end(connection, peer)
    peer.connections = undefined
  }

  /** Ends a connection from one side. What that side sent before still arrives, then the news of the end. */
  end(connection: Connection<M, E>, side: Peer<M, E>): void {
    connection.closeAt(side)
    const other = connection.other(side)
    const news = this.#network.transit(side, other, 'stream', { bytes: 0, now: this.#host.now, mayOverflow: false })
    const arrival = news >= 0 ? news : this.#host.now + (news === DROPPED ? this.#options.keepAliveMs : this.#network.delay(side, other))
    connection.held = connection.held.filter((held) => held.from !== side.index)
    this.#tell(connection, other, Math.max(arrival, connection.lastArrival(side)))
  }

  /** Ends a connection for both sides at once, as a reset or a long silence does. */
  break(connection: Connection<M, E>): void {
    if (connection.isBroken) return
    connection.isBroken = true
    connection.held = []
    this.#waiting.delete(connection)
    for (const side of [connection.dialer, connection.listener]) {
      this.#tell(connection, side, this.#host.now + this.#network.delay(connection.other(side), side))
    }
  }

  /** The listener is down: the dialer hears that nobody is there. */
  refuse(connection: Connection<M, E>): void {
    const { dialer, listener } = connection
    this.#tell(connection, dialer, this.#host.now + this.#network.delay(listener, dialer))
  }

  takeEnd(cargo: number): Connection<M, E> {
    return this.#ends.take(cargo)
  }

  /** After a rule went: what was held tries again, in order. */
  release(): void {
    for (const connection of [...this.#waiting]) {
      const held = connection.held
      connection.held = []
      this.#waiting.delete(connection)
      for (const item of held) {
        if (connection.isBroken) break
        const isBehind = connection.held.some((other) => other.from === item.from && other.lane === item.lane)
        if (isBehind || !item.send()) connection.held.push(item)
      }
      if (connection.held.length > 0) this.#waiting.add(connection)
    }
  }

  /** A held connection has been silent for the whole keep-alive time: it is given up. */
  checkSilence(cargo: number): void {
    const connection = this.#ends.take(cargo)
    if (connection.held.length === 0) return
    const due = connection.heldSince + this.#options.keepAliveMs
    if (this.#host.now >= due) this.break(connection)
    else this.#watch(connection, due)
  }

  #ship(connection: Connection<M, E>, shipment: Shipment<M, E>): number {
    const { from, lane, bytes, kind, cargo, mayOverflow } = shipment
    const to = connection.other(from)
    const now = Math.max(this.#host.now, connection.readyAt)
    const outcome = this.#network.transit(from, to, 'stream', { bytes, now, mayOverflow })
    if (outcome === RESET) this.break(connection)
    if (outcome >= 0) this.#host.queue.push(connection.inOrder(from, lane, outcome), kind, to.index, cargo, bytes)
    return outcome
  }

  #hold(connection: Connection<M, E>, shipment: Shipment<M, E>): boolean {
    const send = (): boolean => this.#ship(connection, shipment) !== DROPPED
    if (connection.held.length === 0) {
      connection.heldSince = this.#host.now
      this.#watch(connection, this.#host.now + this.#options.keepAliveMs)
    }
    connection.held.push({ from: shipment.from.index, lane: shipment.lane, send })
    this.#waiting.add(connection)
    return true
  }

  #watch(connection: Connection<M, E>, due: number): void {
    this.#host.queue.push(due, KIND.held, connection.dialer.index, this.#ends.put(connection), 0)
  }

  #tell(connection: Connection<M, E>, side: Peer<M, E>, at: number): void {
    this.#host.queue.push(at, KIND.connectionLost, side.index, this.#ends.put(connection), 0)
  }
}
