import type { Millis, PeerId } from './units.ts'

/** What travels on a stream. The protocol package narrows it to the messages it knows. */
export interface AnyMessage {
  readonly type: string
}

/** A signed statement that travels by gossip. `id` is the hex SHA-256 of `bytes`, and the gossip message id. */
export interface AnyEnvelope {
  readonly id: string
  readonly type: string
  readonly signer: PeerId
  readonly bytes: Uint8Array
}

/** What a machine says to the person who watches the run. Past tense, JSON-safe. */
export interface TraceEvent {
  readonly type: string
}

/** Work that is slow or asynchronous; the world does it and hands the result back. */
export interface Job {
  readonly kind: string
}

/** Names the caller's own request. Unique per machine and lifetime; it comes back with each answer. */
export type CallId = string
/** Names a request that another peer made. The world chooses it; it comes back with each `respond`. */
export type RequestId = string
export type TimerKey = string

/**
 * Why no (further) answer came. `unreachable`: no connection could be made, the request definitely did not arrive.
 * `lost`: the connection broke. `timeout`: nothing was heard for the request's timeout. `overflow`: a bounded queue was full, the request was not sent.
 * `invalid`: the answer did not decode.
 */
export type FailureCode = 'unreachable' | 'lost' | 'timeout' | 'overflow' | 'invalid'

export interface Failure {
  readonly code: FailureCode
  readonly detail: string
}

export type Input<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope> =
  | { readonly type: 'started'; readonly saved: ReadonlyMap<string, Uint8Array> }
  | { readonly type: 'request'; readonly id: RequestId; readonly from: PeerId; readonly stream: string; readonly message: M }
  | { readonly type: 'cancelled'; readonly id: RequestId }
  | { readonly type: 'response'; readonly callId: CallId; readonly message: M; readonly last: boolean }
  | { readonly type: 'failed'; readonly callId: CallId; readonly failure: Failure }
  | { readonly type: 'gossip'; readonly topic: string; readonly from: PeerId; readonly envelope: E }
  | { readonly type: 'timer'; readonly key: TimerKey }
  | { readonly type: 'peerLost'; readonly peer: PeerId }
  | { readonly type: 'computed'; readonly callId: CallId; readonly result: JobResult; readonly last: boolean }

export type JobResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: string; readonly detail: string }

export type Effect<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope> =
  | {
      readonly type: 'request'
      readonly callId: CallId
      readonly to: PeerId
      readonly stream: string
      readonly message: M
      /** Longest silence: the clock starts anew with each answer, so a token stream may last longer. */
      readonly timeout: Millis
    }
  | { readonly type: 'respond'; readonly requestId: RequestId; readonly message: M; readonly last: boolean }
  | { readonly type: 'cancel'; readonly callId: CallId }
  | { readonly type: 'publish'; readonly topic: string; readonly envelope: E }
  | { readonly type: 'subscribe'; readonly topic: string }
  | { readonly type: 'setTimer'; readonly key: TimerKey; readonly after: Millis }
  | { readonly type: 'clearTimer'; readonly key: TimerKey }
  | { readonly type: 'save'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'forget'; readonly key: string }
  | { readonly type: 'compute'; readonly callId: CallId; readonly job: Job }
  | { readonly type: 'emit'; readonly event: TraceEvent }

/** What gossip does with an envelope: pass it on, drop it and blame the sender, or drop it quietly. */
export type GossipVerdict = 'accept' | 'reject' | 'ignore'

/**
 * A peer's whole behaviour. It never awaits, reads a clock, draws ambient randomness or touches IO.
 * A world performs the effects, in list order, and `save` is durable before the next effect starts.
 */
export interface Machine<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope> {
  handle(input: Input<M, E>, now: Millis): readonly Effect<M, E>[]
  /** Read-only gate, asked before gossip passes an envelope on. The signature has been checked by then. */
  validate?(topic: string, envelope: E, now: Millis): GossipVerdict
}
