import type { Amount, Millis, PeerId } from '@infermesh/kernel'
import type { AuditStage, Manifest, Verdict } from '../statements/index.ts'

/** A logged receipt. `held`, `audited` and `payable` ones have their amount in escrow. */
export interface ReceiptRecord {
  readonly state: 'held' | 'audited' | 'payable' | 'settled' | 'void'
  readonly requestId: string
  readonly from: number
  readonly to: number
  readonly promptTokens: number
  readonly model: string
  readonly operator: PeerId
  readonly payer: PeerId
  readonly payee: PeerId
  readonly amount: Amount
  /** Time of the block that logged it. */
  readonly loggedAt: Millis
}

/** What was charged for a request, and for which tokens: no token is charged twice. */
export interface RequestRecord {
  readonly charged: Amount
  readonly ranges: readonly (readonly [from: number, to: number])[]
}

export interface ModelRecord extends Omit<Manifest, 'model' | 'blobBytes'> {
  readonly owner: PeerId
  readonly manifest: string
}

/** The latest logged lease of a private model. */
export interface LeaseRecord {
  readonly epoch: number
  readonly holder: PeerId
  /** Envelope id; empty for the owner itself. */
  readonly delegation: string
  /** Envelope id of the attestation that the lease carries; empty without one. */
  readonly attestation: string
}

export interface Commitment {
  readonly verifier: PeerId
  readonly commitment: string
}

export interface Finding {
  readonly verifier: PeerId
  readonly verdict: Verdict
  readonly entry: string
}

/** An open look at a receipt. */
export interface AuditRecord {
  readonly stage: AuditStage
  /** Seats of a stage are drawn anew when too few answer. */
  readonly draw: number
  readonly seats: readonly PeerId[]
  readonly phase: 'commit' | 'reveal'
  /** Block time at which the phase ends, however few have spoken. */
  readonly until: Millis
  readonly commits: readonly Commitment[]
  readonly findings: readonly Finding[]
  /** Everybody who had a seat at an earlier stage or drawing. */
  readonly seated: readonly PeerId[]
  /** Who found a mismatch at any stage: the reporters of a slash. */
  readonly accusers: readonly PeerId[]
}

/** Receipts in the order of their log entries, which is the order in which they mature: a window over `maturing`. */
export interface QueueRecord {
  readonly head: number
  readonly tail: number
}

export interface PayableRecord {
  readonly receipt: string
  readonly since: Millis
}

/** A settler's place in its hash chain: the value that it revealed last, and at which height. */
export interface RevealRecord {
  readonly height: number
  readonly value: string
}

/** Everything the ledger knows, by kind of record. Values are JSON-like and never changed in place. */
export interface Records {
  /** By peer. */
  readonly balance: Amount
  /** By operator: what it stands to lose. */
  readonly stake: Amount
  /** One record: what slashes took out of circulation. */
  readonly burnt: Amount
  /** By operator that lost all its stake: when. */
  readonly ejected: Millis
  /** By entry id: its place in the log. */
  readonly entry: number
  /** By model id. */
  readonly model: ModelRecord
  /** By model id. */
  readonly lease: LeaseRecord
  /** By delegation id: when its revocation was logged. */
  readonly revoked: Millis
  /** By receipt id. */
  readonly receipt: ReceiptRecord
  readonly request: RequestRecord
  /** By `operator/sequence`: the receipt that took the number. */
  readonly sequence: string
  /** By receipt id, while it is looked at. */
  readonly audit: AuditRecord
  /** One record: ids of open audits, sorted. */
  readonly audits: readonly string[]
  /** One record: receipts of the latest block, for the next block's beacon. */
  readonly drawing: readonly string[]
  readonly queue: QueueRecord
  /** By place in the queue: a receipt id. */
  readonly maturing: string
  /** One record: payable receipts that are not in a batch yet, oldest first. */
  readonly payable: readonly PayableRecord[]
  /** By settler. */
  readonly reveal: RevealRecord
  /** By `issuer/number`: the payout that took the number. */
  readonly payout: string
  /** By proven fault: when it was proven, so that each is punished once. */
  readonly fault: Millis
}

export type RecordKind = keyof Records

/** Key of the kinds that have one record only. */
export const ONE = ''
