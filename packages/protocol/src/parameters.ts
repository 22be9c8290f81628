import { type Amount, type Millis, seconds } from '@infermesh/kernel'

/** The network's rules, equal at every peer. Defaults follow the published protocols they imitate; scenarios override them. */
export interface Parameters {
  readonly heartbeatEvery: Millis
  /** Phi-accrual thresholds (Hayashibara et al.): above `stop` no new work goes to a peer, above `suspect` takeover starts. */
  readonly suspicion: { readonly stop: number; readonly suspect: number }
  readonly lease: {
    readonly ttl: Millis
    /** The holder renews this often; a third of the ttl. */
    readonly renewEvery: Millis
    /** Clock drift that grantors and holders allow for, parts per million. */
    readonly driftPpm: number
    readonly epsilon: Millis
    /** Grants that make a lease; any two quorums intersect. */
    readonly quorum: number
  }
  readonly audit: {
    /** Share of logged receipts that are re-executed, in parts per thousand. */
    readonly ratePerMille: number
    /** Verifiers of a first look, of the committee after a mismatch, and of the appeal before a slash. */
    readonly firstLook: number
    readonly committee: { readonly size: number; readonly quorum: number }
    readonly appeal: { readonly size: number; readonly quorum: number }
    readonly commitWithin: Millis
    readonly revealWithin: Millis
  }
  readonly settlement: {
    /** Shortest time between blocks while there is something to order. */
    readonly blockEvery: Millis
    /** A receipt is payable once it has been in the log this long without an open dispute. */
    readonly challengeWindow: Millis
    /** A batch of payable leaves closes at `size`, after `idle` without a new one, or at `maxAge`. */
    readonly batch: { readonly size: number; readonly idle: Millis; readonly maxAge: Millis }
    /** Tendermint's first-round time-outs; each round adds a third. */
    readonly roundTimeout: Millis
    /** Stake that an operator loses for a proven lie. */
    readonly slash: Amount
    /** Share of a slash for the reporters, per mille; the rest is burnt. */
    readonly reporterPerMille: number
  }
  readonly serving: {
    /** An operator signs a receipt for each stretch of this many tokens. */
    readonly receiptTokens: number
    /** Requests an operator queues beyond its slots before it refuses. */
    readonly queued: number
    readonly attempts: number
    /** Longest wait of a gateway for a new lease before it fails a private model's request. */
    readonly leaseWait: Millis
  }
}

export const defaultParameters: Parameters = {
  heartbeatEvery: seconds(1),
  suspicion: { stop: 3, suspect: 8 },
  lease: { ttl: seconds(10), renewEvery: 3_300, driftPpm: 200, epsilon: 100, quorum: 3 },
  audit: {
    ratePerMille: 80,
    firstLook: 1,
    committee: { size: 7, quorum: 5 },
    appeal: { size: 13, quorum: 9 },
    commitWithin: seconds(2),
    revealWithin: seconds(2),
  },
  settlement: {
    blockEvery: seconds(1),
    challengeWindow: seconds(60),
    batch: { size: 20, idle: seconds(300), maxAge: seconds(900) },
    roundTimeout: seconds(2),
    slash: 20_000_000,
    reporterPerMille: 500,
  },
  serving: { receiptTokens: 64, queued: 64, attempts: 4, leaseWait: seconds(20) },
}
