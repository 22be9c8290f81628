import { type AnyMessage, assertNever } from '@infermesh/kernel'
import type { CallFailure, FromPeer, PeerCall } from './channel.ts'
import type { Ask, PeerHost } from './host.ts'
import type { LoopDelay } from './loop-delay.ts'

/** Runs the supervisor's calls on the peers of this process, and sends back what comes of them. */
export class PeerCalls {
  readonly #send: (message: FromPeer) => void
  readonly #loopDelay: LoopDelay
  readonly #asks = new Map<number, AsyncIterator<AnyMessage>>()

  constructor(send: (message: FromPeer) => void, loopDelay: LoopDelay) {
    this.#send = send
    this.#loopDelay = loopDelay
  }

  start(host: PeerHost | undefined, callId: number, call: PeerCall): void {
    this.#perform(host, callId, call).then(
      () => this.#end(callId, undefined),
      (error) => this.#end(callId, failureOf(error)),
    )
  }

  cancel(callId: number): void {
    const answers = this.#asks.get(callId)
    // The asker is gone; what the machine still says, or how it fails, is nobody's concern.
    answers?.return?.().catch(() => undefined)
  }

  async #perform(host: PeerHost | undefined, callId: number, call: PeerCall): Promise<void> {
    if (!host) throw new Error('the peer is still starting')
    switch (call.type) {
      case 'ask':
        return this.#ask(host, callId, call.ask)
      case 'fault': {
        const value = await host.fault(call.order)
        return value === undefined ? undefined : this.#send({ type: 'answer', callId, value })
      }
      case 'stats': {
        const value = { ...this.#loopDelay.take(), counters: host.stats() }
        return this.#send({ type: 'answer', callId, value })
      }
      default:
        assertNever(call)
    }
  }

  async #ask(host: PeerHost, callId: number, ask: Ask): Promise<void> {
    const answers = host.ask(ask)
    this.#asks.set(callId, answers)
    for (;;) {
      const step = await answers.next()
      if (step.done) return
      this.#send({ type: 'answer', callId, value: step.value })
    }
  }

  #end(callId: number, failure: CallFailure | undefined): void {
    this.#asks.delete(callId)
    this.#send({ type: 'ended', callId, failure })
  }
}

/** Errors of a host carry a code where the asker can act on it; anything else is named by its class. */
function failureOf(error: unknown): CallFailure {
  if (!(error instanceof Error)) return { code: 'unknown', detail: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return { code, detail: error.message }
}
