import type { AnyMessage, Failure, PeerId, RequestId } from '@infermesh/kernel'
import type { Stream } from '@libp2p/interface'
import type { HostContext } from '../host-context.ts'
import type { Frame } from './frame.ts'
import { FrameStream } from './frame-stream.ts'
import { frameStreamInit } from './frame-stream-init.ts'
import type { Asker, RequestTable } from './request-table.ts'

export interface ServingStreamInit {
  readonly peer: PeerId
  readonly name: string
  readonly context: HostContext
  readonly requests: RequestTable
  readonly onClosed: (serving: ServingStream) => void
}

/** A stream that another peer opened: its requests go to the machine, the answers go back on it. */
export class ServingStream {
  readonly #init: ServingStreamInit
  readonly #frames: FrameStream
  readonly #open = new Map<number, RequestId>()

  constructor(init: ServingStreamInit) {
    this.#init = init
    this.#frames = new FrameStream({
      ...frameStreamInit(init.context, init.peer),
      onFrame: (frame) => this.#onFrame(frame),
      onClosed: () => this.#onClosed(),
    })
  }

  attach(stream: Stream): void {
    this.#frames.attach(stream)
  }

  bytesQueued(): number {
    return this.#frames.bytesQueued()
  }

  close(reason: string): void {
    this.#frames.close(reason)
  }

  #onFrame(frame: Frame): void {
    if (frame.kind === 'request') this.#onRequest(frame.call, frame.body)
    else if (frame.kind === 'cancel') this.#onCancel(frame.call)
    else this.close(`expected requests, got ${frame.kind}`)
  }

  #onRequest(call: number, body: Uint8Array): void {
    const { context, requests, name } = this.#init
    if (this.#open.has(call)) {
      this.close(`call ${call} was opened twice`)
      return
    }
    if (this.#open.size >= context.limits.openCallsMax) {
      context.counters.drop('requests')
      this.#refuse(call, { code: 'overflow', detail: `${this.#open.size} requests are open` })
      return
    }
    const message = this.#decode(call, body)
    if (message === undefined) return
    const id = requests.register(this.#asker(call))
    this.#open.set(call, id)
    requests.deliver(id, name, message)
  }

  #onCancel(call: number): void {
    const id = this.#open.get(call)
    this.#open.delete(call)
    if (id !== undefined) this.#init.requests.cancel(id)
  }

  #asker(call: number): Asker {
    const { context, peer } = this.#init
    return {
      peer,
      answer: (message, last) => {
        const body = context.codec.encodeMessage(message)
        if (body.byteLength > context.limits.messageBytesMax) return false
        if (!this.#frames.push({ kind: 'answer', call, last, body })) return false
        if (last) this.#open.delete(call)
        return true
      },
      refuse: (failure) => this.#refuse(call, failure),
    }
  }

  #refuse(call: number, failure: Failure): void {
    this.#open.delete(call)
    this.#frames.push({ kind: 'refused', call, failure }, { forced: true })
  }

  #decode(call: number, body: Uint8Array): AnyMessage | undefined {
    try {
      return this.#init.context.codec.decodeMessage(body)
    } catch (error) {
      const detail = `the request did not decode: ${error instanceof Error ? error.message : String(error)}`
      this.#refuse(call, { code: 'invalid', detail })
      return undefined
    }
  }

  #onClosed(): void {
    for (const id of this.#open.values()) this.#init.requests.cancel(id)
    this.#open.clear()
    this.#init.onClosed(this)
  }
}
