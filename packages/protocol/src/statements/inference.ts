import { amount, digest, epoch, instant, modelId, nested, peer, requestId, tokenIndex, traceparent } from '../wire/fields.ts'
import { bytes, hex, list, optional, struct, text, uint } from '../wire/schema.ts'

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
