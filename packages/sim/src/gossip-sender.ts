import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import { KIND } from './event-kind.ts'
import type { GossipMessage } from './gossip-message.ts'
import type { Host } from './host.ts'
import type { Network } from './network.ts'
import type { Peer } from './peer.ts'

/** What the mesh did so far, over all topics. */
export interface GossipCounts {
  published: number
  /** Messages that a machine got, each once per peer. */
  delivered: number
  duplicates: number
  /** Lost on a link or at a full uplink. */
  dropped: number
  rejected: number
  ignored: number
  /** Not taken, since the sender's score is below the graylist bound. */
  graylisted: number
  advertised: number
  pulled: number
  unwanted: number
  /** Copies not sent, because the receiver had said that it needs none. */
  spared: number
}

const CONTROL_BYTES = 64

/** Puts gossip on the links. */
export class GossipSender<M extends AnyMessage, E extends AnyEnvelope> {
  readonly counts: GossipCounts = {
    published: 0,
    delivered: 0,
    duplicates: 0,
    dropped: 0,
    rejected: 0,
    ignored: 0,
    graylisted: 0,
    advertised: 0,
    pulled: 0,
    unwanted: 0,
    spared: 0,
  }
  readonly #host: Host<M, E>
  readonly #network: Network<M, E>

  constructor(host: Host<M, E>, network: Network<M, E>) {
    this.#host = host
    this.#network = network
  }

  send(peer: Peer<M, E>, target: number, message: GossipMessage<E>): void {
    const { now, queue } = this.#host
    if (this.#network.isPlain()) {
      queue.push(now + this.#network.plainDelay(peer, target), KIND.gossip, target, message.index, peer.index)
      return
    }
    const to = this.#host.peers[target]
    if (to === undefined) return
    const arrival = this.#network.transit(peer, to, 'gossip', { bytes: message.bytes, now, mayOverflow: true })
    if (arrival < 0) {
      this.counts.dropped++
      return
    }
    queue.push(arrival, KIND.gossip, target, message.index, peer.index)
    const { copyAfter } = this.#network
    if (copyAfter > 0) queue.push(arrival + copyAfter, KIND.gossip, target, message.index, peer.index)
  }

  /** Sends small talk about a message, as an event of this kind. */
  sendControl(peer: Peer<M, E>, target: number, kind: number, message: GossipMessage<E>): void {
    const to = this.#host.peers[target]
    if (to === undefined) return
    const arrival = this.#network.transit(peer, to, 'control', { bytes: CONTROL_BYTES, now: this.#host.now, mayOverflow: true })
    if (arrival >= 0) this.#host.queue.push(arrival, kind, target, message.index, peer.index)
    else this.counts.dropped++
  }
}
