export { AssertionFailed, assert, assertNever } from './assert.ts'
export { type Call, cancel, clearTimer, compute, emit, forget, publish, request, respond, save, setTimer, subscribe } from './effects.ts'
export { inputText } from './input-text.ts'
export type {
  AnyEnvelope,
  AnyMessage,
  CallId,
  Effect,
  Failure,
  FailureCode,
  GossipVerdict,
  Input,
  Job,
  JobResult,
  Machine,
  RequestId,
  TimerKey,
  TraceEvent,
} from './machine.ts'
export { type Random, randomFrom } from './random.ts'
export type { Codec, Cryptography, PeerIdentity } from './services.ts'
export { TRACE_FORMAT, type TraceRecord, WORLD, type WorldEvent } from './trace.ts'
export { type Amount, type Millis, type PeerId, seconds } from './units.ts'
