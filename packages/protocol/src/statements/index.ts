import type { Infer } from '../wire/schema.ts'
import { checkpoint } from './final.ts'
import { dispatch, receipt, request } from './inference.ts'
import { keyConfig, tokenKey } from './keys.ts'
import { lease, leaseGrant, leaseRelease } from './leases.ts'
import { attestation, capacity, delegation, manifest, memoryDigest, revocation } from './models.ts'
import { proposal, vote } from './settlement.ts'
import { tokenOrder, tokenPayout } from './tokens.ts'
import { evidence, verdictCommit, verdictReveal } from './verification.ts'

/** Every kind of statement that a peer may sign. The name is part of what is signed, so none can be replayed as another. */
export const statements = {
  manifest,
  delegation,
  revocation,
  capacity,
  memoryDigest,
  attestation,
  leaseGrant,
  lease,
  leaseRelease,
  request,
  dispatch,
  receipt,
  verdictCommit,
  verdictReveal,
  evidence,
  proposal,
  vote,
  checkpoint,
  keyConfig,
  tokenKey,
  tokenOrder,
  tokenPayout,
} as const

export type StatementType = keyof typeof statements
export type Statement<K extends StatementType> = Infer<(typeof statements)[K]>
export type Manifest = Statement<'manifest'>
export type Delegation = Statement<'delegation'>
export type Capacity = Statement<'capacity'>
export type MemoryDigest = Statement<'memoryDigest'>
export type Lease = Statement<'lease'>
export type LeaseGrant = Statement<'leaseGrant'>
export type Request = Statement<'request'>
export type SessionTurn = NonNullable<Request['session']>
export type Dispatch = Statement<'dispatch'>
export type Receipt = Statement<'receipt'>
export type KeyConfigStatement = Statement<'keyConfig'>
export type TokenKeyStatement = Statement<'tokenKey'>
export type TokenOrder = Statement<'tokenOrder'>
export type TokenPayout = Statement<'tokenPayout'>
export type Vote = Statement<'vote'>
export type Proposal = Statement<'proposal'>
export type Checkpoint = Statement<'checkpoint'>
export type Block = Proposal['block']
export type Leaf = Infer<typeof import('./settlement.ts').leaf>
export type Verdict = Statement<'verdictReveal'>['verdict']
export type AuditStage = Statement<'verdictReveal'>['stage']
