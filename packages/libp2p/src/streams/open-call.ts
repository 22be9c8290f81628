import type { AnyMessage, CallId, Failure, Millis } from '@infermesh/kernel'
import type { HostContext } from '../host-context.ts'
import { Silence } from '../loop/silence.ts'

/** Where an open call's request went, and what takes it back. */
export interface CallRoute {
  /** Nobody waits for the answers any more. */
  abandon(): void
  /** False while the request has not left this host: then silence means that no connection could be made. */
  isSent(): boolean
}

/** A request of this machine that has no last answer yet. Its clock starts anew with each answer. */
export class OpenCall {
  readonly #context: HostContext
  readonly #callId: CallId
  readonly #timeout: Millis
  readonly #onOver: () => void
  readonly #silence: Silence
  #route: CallRoute | undefined
  #over = false

  constructor(context: HostContext, call: { readonly callId: CallId; readonly timeout: Millis }, onOver: () => void) {
    this.#context = context
    this.#callId = call.callId
    this.#timeout = call.timeout
    this.#onOver = onOver
    this.#silence = new Silence(context, call.timeout, () => this.#onSilent())
  }

  route(route: CallRoute): void {
    this.#route = route
  }

  answer(message: AnyMessage, last: boolean): void {
    if (this.#over) return
    this.#silence.heard()
    if (last) this.stop()
    this.#context.inputs.push({ type: 'response', callId: this.#callId, message, last })
  }

  /** With `abandon` the other side is told, since it may still be working. */
  fail(failure: Failure, abandon = false): void {
    if (this.#over) return
    this.stop()
    if (abandon) this.#route?.abandon()
    this.#context.inputs.push({ type: 'failed', callId: this.#callId, failure })
  }

  cancel(): void {
    if (this.#over) return
    this.stop()
    this.#route?.abandon()
  }

  /** Ends without a word. */
  stop(): void {
    this.#over = true
    this.#silence.stop()
    this.#onOver()
  }

  #onSilent(): void {
    if (this.#route?.isSent() === false) this.fail({ code: 'unreachable', detail: `no connection within ${this.#timeout} ms` }, true)
    else this.fail({ code: 'timeout', detail: `nothing was heard for ${this.#timeout} ms` }, true)
  }
}
