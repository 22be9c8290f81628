import { type AnyMessage, assert, type Failure, type PeerId, type RequestId } from '@infermesh/kernel'
import type { HostContext } from '../host-context.ts'

/** Who asked, and how an answer gets there. */
export interface Asker {
  readonly peer: PeerId
  /** False when there was no room for the answer. */
  answer(message: AnyMessage, last: boolean): boolean
  refuse(failure: Failure): void
}

/** Requests that this host's machine has yet to answer, whether they came over the network or from within. */
export class RequestTable {
  readonly #context: HostContext
  readonly #open = new Map<RequestId, Asker>()
  #count = 0

  constructor(context: HostContext) {
    this.#context = context
  }

  size(): number {
    return this.#open.size
  }

  /** The id comes before the delivery, since the machine may answer while it is being delivered. */
  register(asker: Asker): RequestId {
    const id = `r${++this.#count}`
    this.#open.set(id, asker)
    return id
  }

  /** Hands the request to the machine, or refuses it when there is no room. */
  deliver(id: RequestId, stream: string, message: AnyMessage): void {
    const asker = this.#open.get(id)
    assert(asker !== undefined, `request ${id} must be registered before it is delivered`)
    if (this.#context.inputs.offer({ type: 'request', id, from: asker.peer, stream, message })) return
    this.#open.delete(id)
    this.#context.counters.drop('inputs')
    asker.refuse({ code: 'overflow', detail: `${this.#context.limits.inputsMax} inputs are waiting` })
  }

  /** Answers to requests that were cancelled or are over go nowhere. */
  respond(id: RequestId, message: AnyMessage, last: boolean): void {
    const asker = this.#open.get(id)
    if (asker === undefined) return
    if (last) this.#open.delete(id)
    if (asker.answer(message, last)) return
    this.#context.counters.drop('answers')
    asker.refuse({ code: 'overflow', detail: 'the asker reads too slowly, or the answer is too long' })
    if (!last) this.cancel(id)
  }

  /** The asker is gone or no longer interested. */
  cancel(id: RequestId): void {
    if (this.#open.delete(id)) this.#context.inputs.push({ type: 'cancelled', id })
  }
}
