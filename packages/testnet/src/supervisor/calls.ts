import type { AnyMessage } from '@infermesh/kernel'
import type { CallFailure, CallValue, PeerCall } from '../peer/channel.ts'
import type { PeerProcess } from './peer-process.ts'

/** A peer gave no (further) answer. `lost`: its process went down or never ran. Other codes are the host's own. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed'
  readonly code: string

  constructor(failure: CallFailure) {
    super(failure.detail)
    this.code = failure.code
  }
}

/** The supervisor's open calls, each with the answers that its caller has not taken yet. */
export class Calls {
  readonly #open = new Map<number, OpenCall>()
  #lastId = 0

  /** Sends a call to a peer. It fails at once when the peer's process doesn't run. */
  start(process: PeerProcess, peer: string, call: PeerCall): OpenCall {
    const callId = ++this.#lastId
    const open = new OpenCall(callId, process.name, () => {
      this.#open.delete(callId)
      process.send({ type: 'cancel', callId })
    })
    this.#open.set(callId, open)
    const state = process.state()
    if (state === 'running' || state === 'paused') process.send({ type: 'call', peer, callId, call })
    else this.end(callId, { code: 'lost', detail: `${peer} is ${state}` })
    return open
  }

  answer(callId: number, value: CallValue): void {
    this.#open.get(callId)?.push(value)
  }

  end(callId: number, failure: CallFailure | undefined): void {
    this.#open.get(callId)?.end(failure)
    this.#open.delete(callId)
  }

  /** The process is gone, and with it every answer it owed. */
  lose(process: string): void {
    for (const call of [...this.#open.values()]) {
      if (call.process === process) this.end(call.id, { code: 'lost', detail: `${process} went down before it had answered` })
    }
  }
}

/** The answers to one call, to be read once. Leaving the loop early cancels the call. */
export class OpenCall implements AsyncIterableIterator<CallValue> {
  readonly id: number
  readonly process: string
  readonly #onLeave: () => void
  readonly #answers: CallValue[] = []
  #outcome: { readonly failure: CallFailure | undefined } | undefined
  #news = Promise.withResolvers<void>()

  constructor(id: number, process: string, onLeave: () => void) {
    this.id = id
    this.process = process
    this.#onLeave = onLeave
  }

  push(answer: CallValue): void {
    this.#answers.push(answer)
    this.#news.resolve()
    if (this.#answers.length <= answersMax) return
    this.end({ code: 'overflow', detail: `${answersMax} answers wait and nobody takes them` })
    this.#onLeave()
  }

  end(failure: CallFailure | undefined): void {
    this.#outcome ??= { failure }
    this.#news.resolve()
  }

  async next(): Promise<IteratorResult<CallValue, undefined>> {
    for (;;) {
      const value = this.#answers.shift()
      if (value !== undefined) return { done: false, value }
      if (this.#outcome?.failure) throw new CallFailed(this.#outcome.failure)
      if (this.#outcome) return { done: true, value: undefined }
      this.#news = Promise.withResolvers<void>()
      await this.#news.promise
    }
  }

  async return(): Promise<IteratorResult<CallValue, undefined>> {
    if (!this.#outcome) {
      this.#onLeave()
      this.end(undefined)
    }
    this.#answers.length = 0
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** The messages among the answers. `left` is called at the end, however it comes. */
export async function* messages(call: OpenCall, left: () => void): AsyncIterableIterator<AnyMessage> {
  try {
    for await (const answer of call) if ('type' in answer) yield answer
  } finally {
    left()
  }
}

/** Waits for a call's end and returns what it yielded last, if anything. */
export async function ended(call: OpenCall): Promise<CallValue | undefined> {
  let last: CallValue | undefined
  for await (const answer of call) last = answer
  return last
}

const answersMax = 10_000
