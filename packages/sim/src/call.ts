import type { AnyEnvelope, AnyMessage, Failure, Millis } from '@infermesh/kernel'
import type { Connection } from './connection.ts'
import type { Peer } from './peer.ts'

/** What a local caller hears: answers in order, then one with `last`, or one failure. */
export type LocalAnswer<M extends AnyMessage> =
  | { readonly type: 'response'; readonly message: M; readonly last: boolean }
  | { readonly type: 'failed'; readonly failure: Failure }

/** A request from the first word to the last answer. `caller` is absent for a call from outside the network. */
export interface Call<M extends AnyMessage, E extends AnyEnvelope> {
  readonly callId: string
  readonly requestId: string
  readonly caller: Peer<M, E> | undefined
  readonly onAnswer: ((answer: LocalAnswer<M>) => void) | undefined
  readonly callee: Peer<M, E> | undefined
  readonly stream: string
  readonly timeout: Millis
  deadline: number
  connection: Connection<M, E> | undefined
  /** The caller still waits. */
  isOpen: boolean
}

/** What travels on a stream for a call. */
export interface Parcel<M extends AnyMessage, E extends AnyEnvelope> {
  readonly call: Call<M, E>
  readonly body:
    | { readonly type: 'message'; readonly message: M; readonly last: boolean }
    | { readonly type: 'failure'; readonly failure: Failure }
    | { readonly type: 'none' }
}
