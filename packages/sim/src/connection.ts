import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import type { Peer } from './peer.ts'

/** Messages that a rule holds back, with all that follow them. */
export interface Held {
  readonly from: number
  readonly lane: string
  /** Tries once more; false while the rule still stands. */
  readonly send: () => boolean
}

/**
 * One connection between two peers. Each side learns of its end on its own: the side that dies or resets at once, the other when
 * the news arrives.
 */
export class Connection<M extends AnyMessage, E extends AnyEnvelope> {
  readonly dialer: Peer<M, E>
  readonly listener: Peer<M, E>
  dialerOpen = true
  listenerOpen = false
  /** The listener has taken it; before that, its end means that nobody was reached. */
  isAccepted = false
  /** It was reset, or given up; what is still under way is lost. */
  isBroken = false
  held: Held[] = []
  heldSince = 0
  /** The first message may leave at this time. */
  readyAt = 0
  readonly #fromDialer = new Map<string, number>()
  readonly #fromListener = new Map<string, number>()

  constructor(dialer: Peer<M, E>, listener: Peer<M, E>) {
    this.dialer = dialer
    this.listener = listener
  }

  isOpenAt(peer: Peer<M, E>): boolean {
    return peer === this.dialer ? this.dialerOpen : this.listenerOpen
  }

  closeAt(peer: Peer<M, E>): void {
    if (peer === this.dialer) this.dialerOpen = false
    else this.listenerOpen = false
  }

  accept(): void {
    if (this.isAccepted) return
    this.isAccepted = true
    this.listenerOpen = true
  }

  other(peer: Peer<M, E>): Peer<M, E> {
    return peer === this.dialer ? this.listener : this.dialer
  }

  /** The time a message may arrive so that it overtakes nothing before it on its lane. */
  inOrder(from: Peer<M, E>, lane: string, arrival: number): number {
    const lanes = this.#lanesFrom(from)
    const earliest = lanes.get(lane) ?? 0
    const time = arrival > earliest ? arrival : earliest
    lanes.set(lane, time)
    return time
  }

  /** When the last message under way from this peer arrives. */
  lastArrival(from: Peer<M, E>): number {
    return Math.max(0, ...this.#lanesFrom(from).values())
  }

  isHeld(from: Peer<M, E>, lane: string): boolean {
    return this.held.some((held) => held.from === from.index && held.lane === lane)
  }

  #lanesFrom(peer: Peer<M, E>): Map<string, number> {
    return peer === this.dialer ? this.#fromDialer : this.#fromListener
  }
}
