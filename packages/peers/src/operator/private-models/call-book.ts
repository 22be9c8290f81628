import type { CallId } from '@infermesh/kernel'

/** The open calls of one sub-machine. Ids count up, so that an answer of an earlier try is never taken for a new one. */
export class CallBook<T> {
  readonly #prefix: string
  readonly #open = new Map<CallId, T>()
  #next = 0

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  open(purpose: T): CallId {
    const callId = `${this.#prefix}${this.#next++}`
    this.#open.set(callId, purpose)
    return callId
  }

  /** What the call was for; closes it. `undefined` when nobody waits for it any more. */
  close(callId: CallId): T | undefined {
    const purpose = this.#open.get(callId)
    this.#open.delete(callId)
    return purpose
  }
}
