import type { Amount, Millis, PeerId } from '@infermesh/kernel'
import type { NetworkRecord } from '@infermesh/scenario'

/** What everyone can read of one receipt in the log. */
export interface ReceiptSighting {
  readonly requestId: string
  readonly payer: PeerId
  readonly gateway: PeerId
  readonly operator: PeerId
  readonly model: string
  readonly bodyHash: string
  readonly promptTokens: number
  readonly from: number
  readonly to: number
  readonly amount: Amount
  readonly startedAt: Millis
  readonly endedAt: Millis
  /** Of the first stretch: what it holds, how long it is, and what else decided it. */
  readonly outputHash: string
  readonly outputTokens: number
  readonly seed: number
  readonly weightsRoot: string
}

/** Opens a receipt envelope from its hex; the caller has the hashes and curves. */
export type ReadReceipt = (envelope: string) => ReceiptSighting

/** First stretches, by request: the others repeat what they say. */
export function settlementSightings(records: readonly NetworkRecord[], read: ReadReceipt): ReadonlyMap<string, ReceiptSighting> {
  const seen = new Map<string, ReceiptSighting>()
  for (const { event } of records) {
    if (event.type !== 'receiptIssued') continue
    const known = seen.get(event.requestId)
    const receipt = read(event.envelope)
    // Stretches add up: the log tells the length of the whole answer.
    if (known === undefined) seen.set(event.requestId, receipt)
    else
      seen.set(event.requestId, {
        ...known,
        to: Math.max(known.to, receipt.to),
        endedAt: receipt.endedAt,
        amount: known.amount + receipt.amount,
      })
  }
  return seen
}
