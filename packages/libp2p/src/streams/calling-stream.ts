import type { AnyMessage, Failure, PeerId } from '@infermesh/kernel'
import type { Stream } from '@libp2p/interface'
import type { HostContext } from '../host-context.ts'
import type { Frame } from './frame.ts'
import { FrameStream } from './frame-stream.ts'
import { frameStreamInit } from './frame-stream-init.ts'
import type { OpenCall } from './open-call.ts'

export interface CallingStreamInit {
  readonly peer: PeerId
  readonly context: HostContext
  /** Connects and opens the libp2p stream. */
  readonly connect: () => Promise<Stream>
  readonly onClosed: () => void
}

/** A stream that this host opens to another: carries the machine's requests, brings back the answers. */
export class CallingStream {
  readonly #init: CallingStreamInit
  readonly #frames: FrameStream
  readonly #open = new Map<number, OpenCall>()
  #calls = 0
  #connected = false

  constructor(init: CallingStreamInit) {
    this.#init = init
    this.#frames = new FrameStream({
      ...frameStreamInit(init.context, init.peer),
      onFrame: (frame) => this.#onFrame(frame),
      onClosed: (reason) => this.#onClosed(reason),
    })
    void this.#connect()
  }

  bytesQueued(): number {
    return this.#frames.bytesQueued()
  }

  /** The failure, when there is no room. */
  request(call: OpenCall, body: Uint8Array): Failure | undefined {
    const { context } = this.#init
    if (this.#open.size >= context.limits.openCallsMax) return { code: 'overflow', detail: `${this.#open.size} calls are open` }
    const number = ++this.#calls
    if (!this.#frames.push({ kind: 'request', call: number, body }, { tag: number })) {
      return { code: 'overflow', detail: `${this.bytesQueued()} bytes wait to be sent` }
    }
    this.#open.set(number, call)
    call.route({ abandon: () => this.#abandon(number), isSent: () => this.#connected })
    return undefined
  }

  close(reason: string): void {
    this.#frames.close(reason)
  }

  /** The connection is gone; a stream that is still waiting for one goes on. */
  disconnected(reason: string): void {
    if (this.#connected) this.close(reason)
  }

  async #connect(): Promise<void> {
    try {
      const stream = await this.#init.connect()
      this.#connected = true
      this.#frames.attach(stream)
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error))
    }
  }

  #abandon(number: number): void {
    this.#open.delete(number)
    if (this.#frames.remove(number)) return
    this.#frames.push({ kind: 'cancel', call: number }, { forced: true })
  }

  #onFrame(frame: Frame): void {
    if (frame.kind === 'answer') this.#onAnswer(frame.call, frame.body, frame.last)
    else if (frame.kind === 'refused') this.#onRefused(frame.call, frame.failure)
    else this.close(`expected answers, got ${frame.kind}`)
  }

  #onAnswer(number: number, body: Uint8Array, last: boolean): void {
    const call = this.#open.get(number)
    if (call === undefined) return
    if (last) this.#open.delete(number)
    const message = this.#decode(call, body, last)
    if (message !== undefined) call.answer(message, last)
  }

  #onRefused(number: number, failure: Failure): void {
    const call = this.#open.get(number)
    this.#open.delete(number)
    call?.fail(failure)
  }

  #decode(call: OpenCall, body: Uint8Array, last: boolean): AnyMessage | undefined {
    try {
      return this.#init.context.codec.decodeMessage(body)
    } catch (error) {
      const detail = `the answer did not decode: ${error instanceof Error ? error.message : String(error)}`
      call.fail({ code: 'invalid', detail }, !last)
      return undefined
    }
  }

  #onClosed(reason: string): void {
    const calls = [...this.#open.values()]
    this.#open.clear()
    this.#init.onClosed()
    for (const call of calls) call.fail({ code: this.#connected ? 'lost' : 'unreachable', detail: reason })
  }
}
