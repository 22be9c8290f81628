import type { AnyEnvelope, AnyMessage, Effect, Job, TraceEvent } from './machine.ts'
import type { Millis, PeerId } from './units.ts'

export interface Call<M> {
  readonly callId: string
  readonly to: PeerId
  readonly stream: string
  readonly message: M
  readonly timeout: Millis
}

export const request = <M extends AnyMessage>(call: Call<M>): Effect<M, never> => ({ type: 'request', ...call })

export const respond = <M extends AnyMessage>(requestId: string, message: M, last = true): Effect<M, never> => ({
  type: 'respond',
  requestId,
  message,
  last,
})

export const publish = <E extends AnyEnvelope>(topic: string, envelope: E): Effect<never, E> => ({ type: 'publish', topic, envelope })

export const cancel = (callId: string): Effect<never, never> => ({ type: 'cancel', callId })
export const subscribe = (topic: string): Effect<never, never> => ({ type: 'subscribe', topic })
export const setTimer = (key: string, after: Millis): Effect<never, never> => ({ type: 'setTimer', key, after })
export const clearTimer = (key: string): Effect<never, never> => ({ type: 'clearTimer', key })
export const save = (key: string, value: Uint8Array): Effect<never, never> => ({ type: 'save', key, value })
export const forget = (key: string): Effect<never, never> => ({ type: 'forget', key })
export const compute = (callId: string, job: Job): Effect<never, never> => ({ type: 'compute', callId, job })
export const emit = <T extends TraceEvent>(event: T): Effect<never, never> => ({ type: 'emit', event })
