import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import type { Millis, PeerId } from '@infermesh/kernel'
import type { Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { OutboundQueue, type OutboundQueueInit } from '../streams/outbound-queue.ts'

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

interface Split {
  readonly messages: Uint8ArrayList | undefined
  /** Subscriptions, grafts and the like: gossipsub trusts its streams to deliver them. */
  readonly rest: Uint8ArrayList | undefined
}

function split(prefixed: Uint8ArrayList): Split {
  for (const bytes of decode([prefixed])) {
    const rpc = RPC.decode(bytes)
    const mixed = rpc.subscriptions.length > 0 || rpc.control !== undefined
    return {
      messages: rpc.messages.length > 0 ? frame({ subscriptions: [], messages: rpc.messages }) : undefined,
      rest: mixed ? frame({ ...rpc, messages: [] }) : undefined,
    }
  }
  return { messages: undefined, rest: prefixed }
}

const frame = (rpc: RPC) => encode.single(RPC.encode(rpc))
