import { amount, digest, envelopeId, instant, nested, peer, requestId, tokenIndex } from '../wire/fields.ts'
import { hex, list, oneOf, struct, uint } from '../wire/schema.ts'

/** One payment: this stretch of this request, once. Leaves of a batch are sorted by (requestId, from). */
export const leaf = struct({
  requestId,
  from: tokenIndex,
  to: tokenIndex,
  receipt: envelopeId,
  payer: peer,
  payee: peer,
  amount,
})

/** The settlers' log grows by blocks: new entries in order, and the leaves that became payable. */
export const block = struct({
  height: uint(),
  previous: digest,
  time: instant,
  proposer: peer,
  /** Envelope ids of new log entries, in log order. */
  entries: list(envelopeId, 400),
  logSize: uint(),
  /** RFC 6962 root over all entries up to here. */
  logRoot: digest,
  /** Fixed before the first vote: SHA-256(network ‖ height ‖ leaves' root); zeroes when the batch is empty. */
  batchId: digest,
  leavesRoot: digest,
  leafCount: uint(400),
  total: amount,
  /** SHA-256 chained over every ledger record that this and earlier blocks changed. */
  stateRoot: digest,
  /** Drawn from the settlers' reveals in the previous commit: decides the audits of the previous block's receipts. */
  beacon: digest,
  /** 2f+1 precommits that made the previous block final, in genesis order of their signers; empty in the first block. */
  commit: list(nested, 64),
})

/** `validRound` is one more than the round in which the block got its prevotes, 0 for a new block. */
export const proposal = struct({
  height: uint(),
  round: uint(1 << 16),
  validRound: uint(1 << 17),
  block,
  /** Those 2f+1 prevotes, whole: who missed or forgot them, or was told otherwise by a liar, takes them from here. Empty for a new block. */
  grounds: list(nested, 64),
})

/** `blockId` is 32 zero bytes for nil. `reveal` is the settler's hash-chain value of this height, in precommits for a block only; else zeroes. */
export const vote = struct({
  kind: oneOf('prevote', 'precommit'),
  height: uint(),
  round: uint(1 << 16),
  blockId: digest,
  reveal: hex(32),
})
