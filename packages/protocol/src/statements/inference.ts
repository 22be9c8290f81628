import { amount, digest, epoch, instant, modelId, nested, peer, requestId, tokenIndex, traceparent } from '../wire/fields.ts'
import { bytes, flag, hex, list, oneOf, optional, struct, text, uint } from '../wire/schema.ts'

/**
 * A request's place in a conversation, and when the client thinks it will come back. Whoever keeps the conversation's memory may use
 * it; nothing is owed for it. It links the client's requests, so a client that will not be linked leaves it out.
 */
export const sessionTurn = struct({
  /** The client's own name for it: equal names of two clients are two sessions. */
  id: text(64),
  /** From 0. */
  turn: uint(1 << 20),
  /** No turn follows. */
  last: flag,
  /** What the client waits for before the next turn. */
  pause: oneOf('tool', 'user'),
  /** The client's guess of its return: the median in ms, and the sigma of a lognormal around it, in thousandths. */
  expectMs: optional(uint(1 << 30)),
  sigmaPerMille: optional(uint(10_000)),
  /** Leading prompt tokens that everyone may share in memory. The rest is found by this client alone: a shared prefix leaks by timing. */
  publicTokens: uint(1 << 24),
})

/**
 * A client's signed wish. Its id is SHA-256(client key ‖ nonce ‖ bodyHash); the prompt itself is not in it.
 * `maxCharge` is the most the client pays for it, however often it is tried.
 */
export const request = struct({
  nonce: hex(16),
  bodyHash: digest,
  model: modelId,
  promptTokens: uint(1 << 24),
  maxTokens: uint(1 << 20),
  seed: uint(),
  maxCharge: amount,
  deadline: instant,
  trace: traceparent,
  session: optional(sessionTurn),
})

/** A gateway's choice of an operator for one attempt. `from` is the first token still to be made. */
export const dispatch = struct({
  requestId,
  attempt: uint(255),
  operator: peer,
  model: modelId,
  policy: text(32),
  candidates: list(peer, 64),
  epoch,
  from: tokenIndex,
  trace: traceparent,
})

/** An operator's signed statement of one stretch [from, to) of one execution. Verification and settlement consume nothing else. */
export const receipt = struct({
  requestId,
  attempt: uint(255),
  from: tokenIndex,
  to: tokenIndex,
  model: modelId,
  weightsRoot: digest,
  engineBuild: text(64),
  epoch,
  /** SHA-256 of the attestation envelope, for private models. */
  attestation: optional(digest),
  bodyHash: digest,
  /** SHA-256 over all answer tokens [0, from) that were there before: what this stretch continued. */
  prefixHash: digest,
  /** SHA-256 over the tokens of this stretch. */
  outputHash: digest,
  promptTokens: uint(1 << 24),
  seed: uint(),
  startedAt: instant,
  endedAt: instant,
  amount,
  payee: peer,
  /** The client's and the gateway's whole envelopes: who asked, who sent it here. */
  request: nested,
  dispatch: nested,
  /** Counts this operator's receipts from 0; `previous` is the id of the one before. Two receipts with one number are a fault. */
  operatorSeq: uint(),
  previous: bytes(0, 32),
  trace: traceparent,
})
