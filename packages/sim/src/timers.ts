import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import { Cargo } from './cargo.ts'
import { trueDuration } from './clock-skew.ts'
import { KIND } from './event-kind.ts'
import type { Host } from './host.ts'
import type { Peer } from './peer.ts'

export interface Timer {
  readonly key: string
}

/** One timer per key and peer. A replaced or cleared timer leaves its event behind, which finds itself outdated and does nothing. */
export class Timers<M extends AnyMessage, E extends AnyEnvelope> {
  readonly #host: Host<M, E>
  readonly #cargo = new Cargo<Timer>()

  constructor(host: Host<M, E>) {
    this.#host = host
  }

  set(peer: Peer<M, E>, key: string, after: number): void {
    const timer = { key }
    peer.timers ??= new Map()
    peer.timers.set(key, timer)
    const { queue, now } = this.#host
    queue.push(now + trueDuration(peer.skew, Math.max(0, after)), KIND.timer, peer.index, this.#cargo.put(timer), 0)
  }

  clear(peer: Peer<M, E>, key: string): void {
    peer.timers?.delete(key)
  }

  fire(peer: Peer<M, E>, cargo: number): void {
    const timer = this.#cargo.take(cargo)
    if (peer.timers?.get(timer.key) !== timer) return
    peer.timers.delete(timer.key)
    this.#host.deliver(peer, { type: 'timer', key: timer.key })
  }
}
