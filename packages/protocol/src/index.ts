export { createCodec, decodeMessage, encodeMessage, MESSAGE_BYTES_MAX } from './codec.ts'
export {
  answerHashOf,
  asciiBytes,
  attestedDataOf,
  attestedKeysOf,
  bodyHashOf,
  chargeOf,
  commitmentOf,
  concatBytes,
  digestOf,
  evidenceDigestOf,
  promptTextOf,
  requestIdOf,
  saltedPrompt,
  saltLengthOf,
  tokensHashOf,
  traceparentOf,
} from './derive.ts'
export { ENVELOPE_BYTES_MAX, type Envelope, openAs, openEnvelope, type SealingContext, Signer } from './envelope.ts'
export { type ErrorCode, type ErrorEntry, errorEntry, errors } from './errors.ts'
export type { PeerEffect, PeerInput, PeerMachine, PeerServices } from './machine.ts'
export { BLOB_CHUNK_BYTES_MAX } from './messages/fetch.ts'
export { type Message, type MessageOf, type MessageType, type StreamName, streams } from './messages/index.ts'
export { SEALED_BYTES_MAX } from './messages/oblivious.ts'
export { decodeQuestion, encodeQuestion, FrameReader, framed, type SealedQuestion } from './messages/sealed-question.ts'
export { Directory, type Genesis, type Member, type Role } from './network.ts'
export { defaultParameters, type Parameters } from './parameters.ts'
export type {
  AuditStage,
  Block,
  Capacity,
  Checkpoint,
  Delegation,
  Dispatch,
  KeyConfigStatement,
  Leaf,
  Lease,
  LeaseGrant,
  Manifest,
  MemoryDigest,
  Proposal,
  Receipt,
  Request,
  SessionTurn,
  Statement,
  StatementType,
  TokenKeyStatement,
  TokenOrder,
  TokenPayout,
  Verdict,
  Vote,
} from './statements/index.ts'
export { statements } from './statements/index.ts'
export { carries, type Topic, topics } from './topics.ts'
export type * from './trace-events.ts'
export { decodeCbor, encodeCbor, sameBytes } from './wire/cbor.ts'
export { DecodeFailed } from './wire/decode-failed.ts'
export { peerIdFromKey, publicKeyOf } from './wire/peer-id.ts'
export { decodeAs, encodeAs, fromHex, type Infer, type Schema, toHex } from './wire/schema.ts'
