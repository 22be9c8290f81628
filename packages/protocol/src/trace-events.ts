import type { Amount, Millis, PeerId, WorldEvent } from '@infermesh/kernel'
import type { ObliviousEvent } from './oblivious/trace-events.ts'
import type { AuditStage, Verdict } from './statements/index.ts'

/** What peers say in the trace. Peers are named by peer id here; the reader has the genesis. Checks and metrics consume nothing else. */

/** Tokens [from, to) of an answer, told several at a time: `agoMs` is the time from each of them to the record. */
export interface ToldTokens {
  readonly from: number
  readonly to: number
  readonly agoMs: readonly Millis[]
}

export type ClientEvent =
  | {
      readonly type: 'requestSent'
      readonly requestId: string
      readonly model: string
      readonly gateway: PeerId
      readonly promptTokens: number
      readonly maxTokens: number
      readonly maxCharge: Amount
      /** From now to the request's deadline. */
      readonly deadlineMs?: Millis
      readonly attempt: number
    }
  | ({ readonly type: 'tokensReceived'; readonly requestId: string } & ToldTokens)
  /** The client drops the tokens [from, to): they do not fit a receipt, or what makes them again. `by` changed them, or let it pass. */
  | {
      readonly type: 'answerRefused'
      readonly requestId: string
      readonly by: PeerId
      readonly from: number
      readonly to: number
      readonly reason: string
    }
  | {
      readonly type: 'requestEnded'
      readonly requestId: string
      readonly model: string
      readonly outcome: 'ok' | 'failed' | 'cancelled'
      readonly code?: string
      readonly detail?: string
      readonly tokens: number
      readonly ttftMs?: Millis
      readonly totalMs: Millis
      /** SHA-256 over all answer tokens, where receipts vouch for them. */
      readonly outputHash?: string
    }

export type GatewayEvent =
  | {
      readonly type: 'dispatched'
      readonly requestId: string
      readonly attempt: number
      readonly operator: PeerId
      readonly model: string
      readonly epoch: number
      readonly from: number
      readonly policy: string
    }
  | {
      readonly type: 'attemptFailed'
      readonly requestId: string
      readonly attempt: number
      readonly operator: PeerId
      readonly code: string
      readonly delivered: number
    }
  | { readonly type: 'requestWaiting'; readonly requestId: string; readonly model: string; readonly reason: string }
  | { readonly type: 'requestRefused'; readonly requestId: string; readonly model: string; readonly code: string; readonly detail: string }
  | { readonly type: 'requestServed'; readonly requestId: string; readonly attempts: number; readonly tokens: number }
  | { readonly type: 'peerSuspected'; readonly suspect: PeerId; readonly phi: number }
  | { readonly type: 'peerTrusted'; readonly suspect: PeerId }

export type OperatorEvent =
  | { readonly type: 'modelReady'; readonly model: string; readonly state: string; readonly weightsRoot: string }
  | {
      readonly type: 'executionStarted'
      readonly requestId: string
      readonly attempt: number
      readonly model: string
      readonly epoch: number
      readonly from: number
    }
  | ({
      readonly type: 'tokensMade'
      readonly requestId: string
      readonly attempt: number
      readonly model: string
      readonly epoch: number
    } & ToldTokens)
  | {
      readonly type: 'executionEnded'
      readonly requestId: string
      readonly attempt: number
      readonly tokens: number
      readonly outcome: 'done' | 'cancelled' | 'lost-lease'
    }
  | {
      readonly type: 'receiptIssued'
      readonly receipt: string
      readonly requestId: string
      readonly attempt: number
      readonly from: number
      readonly to: number
      readonly model: string
      readonly epoch: number
      readonly operatorSeq: number
      readonly amount: Amount
      readonly maxCharge: Amount
      /** The whole envelope in hex: the audit reads it. */
      readonly envelope: string
    }
  | MemoryEvent

/** What an operator's KV memory did for its requests. */
export type MemoryEvent =
  /** An execution came to its end in the engine. Tokens of its prompt, and of the answer that an earlier attempt had made. */
  | {
      readonly type: 'kvServed'
      readonly requestId: string
      readonly attempt: number
      readonly session?: string
      readonly promptTokens: number
      /** Found on the GPU, and in lower tiers. */
      readonly cachedTokens: number
      readonly loadedTokens: number
      /** Computed more than once, after preemption. */
      readonly recomputedTokens: number
      readonly preemptions: number
      /** From its arrival at the engine. */
      readonly firstTokenMs: Millis
    }
  /** Blocks by state and the engine's queue, once a second while anything changes. Counts are since the operator started. */
  | {
      readonly type: 'kvObserved'
      readonly blocks: number
      readonly active: number
      readonly idle: number
      readonly free: number
      readonly running: number
      readonly waiting: number
      readonly sessions: number
      readonly evictions: number
      readonly preemptions: number
      readonly movedBytes: number
    }
  /** An operator told gateways what its memory holds: bytes of the signed envelope, and the fronts it names. */
  | { readonly type: 'digestTold'; readonly bytes: number; readonly heads: number }

export type LeaseEvent =
  | { readonly type: 'leaseGranted'; readonly model: string; readonly holder: PeerId; readonly epoch: number; readonly until: Millis }
  | { readonly type: 'leaseDenied'; readonly model: string; readonly holder: PeerId; readonly epoch: number; readonly code: string }
  | { readonly type: 'leaseAcquired'; readonly model: string; readonly epoch: number; readonly until: Millis; readonly envelope: string }
  | { readonly type: 'leaseRenewed'; readonly model: string; readonly epoch: number; readonly until: Millis }
  | { readonly type: 'leaseEnded'; readonly model: string; readonly epoch: number; readonly reason: 'expired' | 'released' | 'superseded' }
  | { readonly type: 'takeoverStarted'; readonly model: string; readonly suspect: PeerId; readonly epoch: number }
  /** A standby can take over from here on: it knows its delegation and, unless cold, has the sealed weights. */
  | { readonly type: 'standbyReady'; readonly model: string; readonly temperature: string }
  | { readonly type: 'standbyActivated'; readonly model: string; readonly epoch: number; readonly temperature: string }
  /** Emitted by whoever gives a private model's key away; `attested`, `delegated`, `leased` are what it found true. */
  | {
      readonly type: 'keyReleased'
      readonly model: string
      readonly to: PeerId
      readonly attested: boolean
      readonly delegated: boolean
      readonly leased: boolean
    }
  | { readonly type: 'delegated'; readonly model: string; readonly standby: PeerId; readonly envelope: string }
  | { readonly type: 'revoked'; readonly model: string; readonly standby: PeerId }

export type HubEvent =
  | { readonly type: 'modelPublished'; readonly model: string; readonly blob: string; readonly bytes: number; readonly manifest: string }
  | { readonly type: 'blobServed'; readonly blob: string; readonly to: PeerId }

export type VerifierEvent =
  | { readonly type: 'auditDrawn'; readonly receipt: string; readonly stage: AuditStage; readonly height: number }
  | {
      readonly type: 'verdictGiven'
      readonly receipt: string
      readonly stage: AuditStage
      readonly verdict: Verdict
      readonly tookMs: Millis
      readonly backlog: number
    }

export type SettlerEvent =
  | {
      readonly type: 'blockFinal'
      readonly height: number
      readonly round: number
      readonly entries: number
      readonly logSize: number
      readonly logRoot: string
      readonly stateRoot: string
      /** Id of the signed statement, which the log holds. */
      readonly checkpoint: string
    }
  | {
      readonly type: 'entryLogged'
      readonly entry: string
      readonly kind: string
      readonly index: number
      readonly height: number
      /** Of leases, receipts and revocations. */
      readonly model?: string
      readonly epoch?: number
      /** Id of the delegation that a lease stands on, or that a revocation takes back. */
      readonly delegation?: string
    }
  | {
      readonly type: 'leafSettled'
      readonly requestId: string
      readonly from: number
      readonly to: number
      readonly receipt: string
      readonly payer: PeerId
      readonly payee: PeerId
      readonly amount: Amount
      readonly batchId: string
      readonly height: number
    }
  | { readonly type: 'receiptVoid'; readonly receipt: string; readonly reason: string; readonly height: number }
  | {
      readonly type: 'slashed'
      readonly accused: PeerId
      readonly amount: Amount
      readonly receipt: string
      readonly height: number
      /** A signed evidence statement in hex: it verifies from its own bytes and the genesis. */
      readonly evidence: string
    }
  | { readonly type: 'balances'; readonly height: number; readonly total: Amount; readonly escrow: Amount; readonly stateRoot: string }

/** A peer dropped what another sent, and says why: hostile or broken input, never silently. */
export type ProtocolEvent = { readonly type: 'refusedInput'; readonly from: PeerId; readonly what: string; readonly reason: string }

/** A peer that a scenario makes lie says when it does: the proof that the fault acts. No honest peer emits it. */
export type AdversaryEvent = { readonly type: 'lied'; readonly lie: string; readonly what: string }

export type NetworkEvent =
  | WorldEvent
  | ClientEvent
  | GatewayEvent
  | OperatorEvent
  | LeaseEvent
  | HubEvent
  | VerifierEvent
  | SettlerEvent
  | ObliviousEvent
  | ProtocolEvent
  | AdversaryEvent
