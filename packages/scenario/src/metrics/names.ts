const PERCENTILES = ['mean', 'p50', 'p95', 'p99', 'max'] as const
const spread = (name: string): readonly string[] => PERCENTILES.map((percentile) => `${name}.${percentile}`)

/** Every metric a run reports, in the order of the report. Names end in their unit. */
export const metricDescriptions: Readonly<Record<string, string>> = {
  'requests.total': 'requests that clients sent',
  'requests.ok': 'requests answered whole',
  'requests.failed': 'requests that ended with an error',
  'requests.unfinished': 'requests without an end when the run stopped',
  'requests.success_rate': 'share of requests answered whole',
  'requests.tokens': 'answer tokens that clients received',
  'requests.resumed': 'requests that a second operator went on with',
  'requests.retried': 'requests that took more than one attempt',
  'requests.ttft_ms': 'from sending a request to its first token',
  'requests.tpot_ms': 'time for each answer token after the first',
  'requests.e2e_ms': 'from sending a request to its end',
  'requests.fail_ms': 'from sending a request to its error',
  'failover.takeovers': 'private models that another operator took over',
  'failover.mttr_ms': "from the holder's crash to the first token under the next epoch",
  'failover.lost_tokens': 'tokens delivered by an operator that never receipted them',
  'failover.repeated_tokens': 'tokens that a client received twice',
  'billing.duplicates': 'tokens settled more than once',
  'billing.above_max': 'requests charged above what their client signed',
  'billing.charged': 'coins settled',
  'billing.unserved': 'coins settled for requests whose client got no token',
  'receipts.issued': 'receipts that operators signed',
  'receipts.logged': 'receipts in the log',
  'receipts.void': 'logged receipts that are not paid',
  'settlement.final': 'leaves that are final',
  'settlement.pending': 'valid receipts in the log that are not final yet',
  'settlement.blocks': 'blocks that are final',
  'settlement.lag_ms': "from a receipt's signing to its settlement",
  'settlement.conserved': 'balances, escrow, stake and burnt coins add up to the genesis at every block',
  'verification.checked': 'receipts that verifiers gave a verdict on',
  'verification.verdicts': 'verdicts given',
  'verification.caught': 'lying operators that were slashed',
  'verification.false_accusations': 'slashes of operators that the scenario did not make lie',
  'verification.backlog': 'largest number of audits waiting at one verifier',
  'gossip.delivery_ms': 'from signing an envelope to its arrival at a peer',
  'gossip.delivered': 'envelopes delivered',
  'peers.started': 'peers that started',
  'peers.crashed': 'peers that ended without being told to',
}

const spreads = new Set([
  'requests.ttft_ms',
  'requests.tpot_ms',
  'requests.e2e_ms',
  'requests.fail_ms',
  'failover.mttr_ms',
  'settlement.lag_ms',
  'gossip.delivery_ms',
])

export const isSpread = (name: string): boolean => spreads.has(name)

export const metricNames: readonly string[] = Object.keys(metricDescriptions).flatMap((name) => (isSpread(name) ? spread(name) : [name]))
