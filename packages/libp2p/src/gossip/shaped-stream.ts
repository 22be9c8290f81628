import type { Millis, PeerId } from '@infermesh/kernel'
import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { OutboundQueue, type OutboundQueueInit } from '../streams/outbound-queue.ts'
import { type RpcParts, rpcParts } from './rpc-parts.ts'

export interface GossipShaping {
  /** The queue towards one peer, but for what is done when its stream breaks. */
  queueInit(peer: PeerId): Omit<OutboundQueueInit, 'droppable' | 'onBroken'>
  /** No room: a message was dropped. */
  onOverflow(): void
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
    this.#queue = new OutboundQueue({ ...this.#init, droppable: true, onBroken: (error) => stream.abort(error) })
    stream.addEventListener('drain', () => this.#queue.drained())
    stream.addEventListener('close', () => this.#queue.stop())
    this.#queue.attach(stream)
  }

  send(bytes: Uint8Array | Uint8ArrayList): void {
    const prefixed = new Uint8ArrayList(bytes)
    const { copies, heldBack } = this.#init.shape.gossipFate()
    if (copies === 1 && heldBack === 0) this.#push(prefixed)
    else this.#misdeliver(prefixed, copies, heldBack)
    this.#queue.flush()
  }

  #misdeliver(prefixed: Uint8ArrayList, copies: number, heldBack: Millis): void {
    const { messages, rest } = split(prefixed)
    if (rest !== undefined) this.#push(rest, true)
    if (messages === undefined) return
    const push = () => {
      for (let copy = 0; copy < copies; copy++) this.#push(messages)
    }
    if (heldBack === 0 || this.#heldBack >= this.#init.framesMax) push()
    else this.#holdBack(heldBack, push)
  }

  #holdBack(delay: Millis, push: () => void): void {
    this.#heldBack++
    this.#init.timers.after(delay, () => {
      this.#heldBack--
      push()
      this.#queue.flush()
    })
  }

  #push(prefixed: Uint8ArrayList, forced = false): void {
    const pushed = this.#queue.push(prefixed, { forced })
    if (pushed === 'full') this.#onOverflow()
    if (pushed === 'queued' || forced) return
    const { rest } = split(prefixed)
    if (rest !== undefined) this.#queue.push(rest, { forced: true })
  }
}

function split(prefixed: Uint8ArrayList): RpcParts {
  for (const parts of rpcParts(prefixed)) return parts
  return { messages: undefined, rest: prefixed }
}
