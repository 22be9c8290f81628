import type { Millis, PeerId } from '@infermesh/kernel'
import { BREAK, DROP } from '@infermesh/sim'
import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { HELD } from '../shaping/peer-link.ts'
import { OutboundQueue, type OutboundQueueInit, type Pushed } from '../streams/outbound-queue.ts'
import { type RpcParts, rpcParts } from './rpc-parts.ts'

export interface GossipShaping {
  /** The queue towards one peer, but for what is done when its stream breaks. */
  queueInit(peer: PeerId): Omit<OutboundQueueInit, 'onBroken'>
  /** No room: a message was dropped. */
  onOverflow(): void
  /** Takes in what arrived as fast as this host's line lets it. */
  admit(bytes: number, take: () => void): void
}

interface Fate {
  readonly extra: number
  readonly copyAfter: Millis
}

/** What gossipsub sends to one peer: messages may be lost, doubled or overtaken; what keeps the meshes in step may not. */
export class ShapedStream {
  readonly #init: ReturnType<GossipShaping['queueInit']>
  readonly #onOverflow: () => void
  readonly #queue: OutboundQueue
  #heldBack = 0

  constructor(stream: Stream, shaping: GossipShaping, peer: PeerId) {
    this.#init = shaping.queueInit(peer)
    this.#onOverflow = () => shaping.onOverflow()
    this.#queue = new OutboundQueue({ ...this.#init, onBroken: (error) => stream.abort(error) })
    stream.addEventListener('drain', () => this.#queue.drained())
    stream.addEventListener('close', () => this.#queue.stop())
    this.#queue.attach(stream)
  }

  send(bytes: Uint8Array | Uint8ArrayList): void {
    const prefixed = new Uint8ArrayList(bytes)
    if (this.#init.link.hasRules()) this.#judge(prefixed)
    else this.#push(prefixed)
    this.#queue.flush()
  }

  /** The rules are asked once for all that leaves together; only what they would lose, double or hold back is taken apart. */
  #judge(prefixed: Uint8ArrayList): void {
    const { link } = this.#init
    const extra = link.judge('gossip', prefixed.byteLength)
    const copyAfter = link.copyAfter()
    if (extra === BREAK) link.sever('a fault broke the connection')
    else if (extra === 0 && copyAfter === 0) this.#push(prefixed, { readyAt: link.admitted(prefixed.byteLength) })
    // What would hold up a stream holds up its gossip too; what a stream would get over, gossip does not.
    else if (extra === DROP && link.judge('stream', prefixed.byteLength) === DROP) this.#push(prefixed, { readyAt: HELD })
    else this.#misdeliver(prefixed, { extra, copyAfter })
  }

  #misdeliver(prefixed: Uint8ArrayList, { extra, copyAfter }: Fate): void {
    for (const { messages, rest } of wholeParts(prefixed)) {
      if (rest !== undefined) this.#push(rest, { forced: true })
      if (messages === undefined || extra === DROP) continue
      this.#pushAfter(extra, messages)
      if (copyAfter > 0) this.#pushAfter(extra + copyAfter, messages)
    }
  }

  /** Whole frames may overtake each other. */
  #pushAfter(delay: Millis, messages: Uint8ArrayList): void {
    const { link, framesMax } = this.#init
    const readyAt = link.admitted(messages.byteLength)
    if (delay === 0 || this.#heldBack >= framesMax) {
      this.#push(messages, { readyAt })
      return
    }
    this.#heldBack++
    link.clock.after(delay, () => {
      this.#heldBack--
      this.#push(messages, { readyAt: readyAt === 0 ? 0 : readyAt + delay })
      this.#queue.flush()
    })
  }

  #push(prefixed: Uint8ArrayList, options: Pushed = {}): void {
    if (this.#queue.push(prefixed, options) === 'queued') return
    this.#onOverflow()
    if (options.forced === true) return
    for (const { rest } of wholeParts(prefixed)) if (rest !== undefined) this.#queue.push(rest, { forced: true })
  }
}

function wholeParts(prefixed: Uint8ArrayList): readonly RpcParts[] {
  try {
    return [...rpcParts(prefixed)]
  } catch {
    // Not gossip after all: it goes as bytes, in order.
    return [{ messages: undefined, rest: prefixed }]
  }
}
