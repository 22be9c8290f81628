import { type AnyMessage, assert, type CallId, type Millis, type PeerId } from '@infermesh/kernel'
import type { Stream } from '@libp2p/interface'
import type { HostContext } from '../host-context.ts'
import { CallingStream } from './calling-stream.ts'
import { OpenCall } from './open-call.ts'
import type { RequestTable } from './request-table.ts'

export interface Call {
  readonly callId: CallId
  readonly to: PeerId
  readonly stream: string
  readonly message: AnyMessage
  readonly timeout: Millis
}

export interface CallTableInit {
  readonly context: HostContext
  readonly requests: RequestTable
  readonly openStream: (peer: PeerId, name: string) => Promise<Stream>
}

/** The machine's own requests, by call id, over one stream for each peer and stream name. */
export class CallTable {
  readonly #init: CallTableInit
  readonly #open = new Map<CallId, OpenCall>()
  readonly #streams = new Map<PeerId, Map<string, CallingStream>>()

  constructor(init: CallTableInit) {
    this.#init = init
  }

  size(): number {
    return this.#open.size
  }

  bytesQueued(): number {
    let bytes = 0
    for (const streams of this.#streams.values()) for (const stream of streams.values()) bytes += stream.bytesQueued()
    return bytes
  }

  request(call: Call): void {
    const { context } = this.#init
    assert(!this.#open.has(call.callId), `call id ${call.callId} names a call that is still open`)
    const open = new OpenCall(context, call, () => this.#open.delete(call.callId))
    this.#open.set(call.callId, open)
    if (call.to === context.self) this.#askSelf(open, call)
    else this.#askPeer(open, call)
  }

  cancel(callId: CallId): boolean {
    const call = this.#open.get(callId)
    call?.cancel()
    return call !== undefined
  }

  /** The last connection to a peer is gone. */
  disconnected(peer: PeerId, reason: string): void {
    for (const stream of [...(this.#streams.get(peer)?.values() ?? [])]) stream.disconnected(reason)
  }

  stop(): void {
    for (const call of [...this.#open.values()]) call.stop()
    for (const streams of [...this.#streams.values()]) {
      for (const stream of [...streams.values()]) stream.close('the host stops')
    }
  }

  #askPeer(open: OpenCall, call: Call): void {
    const { context } = this.#init
    const body = context.codec.encodeMessage(call.message)
    const { messageBytesMax } = context.limits
    if (body.byteLength > messageBytesMax) {
      open.fail({ code: 'overflow', detail: `the message has ${body.byteLength} bytes, the most is ${messageBytesMax}` })
      return
    }
    const failure = this.#stream(call.to, call.stream).request(open, body)
    if (failure === undefined) return
    context.counters.drop('calls')
    open.fail(failure)
  }

  /** A peer that asks itself takes the same way, without the network. */
  #askSelf(open: OpenCall, call: Call): void {
    const { context, requests } = this.#init
    const id = requests.register({
      peer: context.self,
      answer: (message, last) => {
        open.answer(message, last)
        return true
      },
      refuse: (failure) => open.fail(failure),
    })
    open.route({ abandon: () => requests.cancel(id), isSent: () => true })
    requests.deliver(id, call.stream, call.message)
  }

  #stream(peer: PeerId, name: string): CallingStream {
    const streams = this.#streams.get(peer) ?? new Map<string, CallingStream>()
    this.#streams.set(peer, streams)
    const known = streams.get(name)
    if (known !== undefined) return known
    const stream = new CallingStream({
      peer,
      context: this.#init.context,
      connect: () => this.#init.openStream(peer, name),
      onClosed: () => this.#forget(peer, name, stream),
    })
    streams.set(name, stream)
    return stream
  }

  #forget(peer: PeerId, name: string, stream: CallingStream): void {
    const streams = this.#streams.get(peer)
    if (streams?.get(name) !== stream) return
    streams.delete(name)
    if (streams.size === 0) this.#streams.delete(peer)
  }
}
