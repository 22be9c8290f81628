import type { StatementType } from './statements/index.ts'

/** Gossip topics, and which statements each carries. Anything else on a topic is rejected and blamed. */
export const topics = {
  models: ['manifest', 'delegation', 'revocation'],
  capacity: ['capacity', 'memoryDigest'],
  leases: ['lease', 'leaseRelease'],
  /** What moves coins. */
  receipts: ['receipt', 'tokenOrder', 'tokenPayout'],
  verdicts: ['verdictCommit', 'verdictReveal'],
  evidence: ['evidence'],
  /** Between settlers: proposals and votes. */
  batches: ['proposal', 'vote'],
  /** Final blocks, for everyone. They carry the beacon. */
  checkpoints: ['checkpoint'],
  /** Gateways' keys for oblivious requests, issuers' keys for the tokens that pay for them. */
  keys: ['keyConfig', 'tokenKey'],
} as const satisfies Readonly<Record<string, readonly StatementType[]>>

export type Topic = keyof typeof topics

export const carries = (topic: string, type: StatementType): boolean =>
  Object.hasOwn(topics, topic) && (topics[topic as Topic] as readonly StatementType[]).includes(type)
