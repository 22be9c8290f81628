import type { NetworkRecord } from '@infermesh/scenario'
import type { Truth } from '../observers/truth.ts'

/** What privacy costs, for each request that was answered. */
export interface Costs {
  readonly requests: number
  readonly ttftMsP50: number
  readonly ttftMsP95: number
  readonly totalMsP50: number
  readonly totalMsP95: number
  /** Sealed bytes both ways, cover included, over what the same messages weigh unpadded. */
  readonly bytesPerRequest: number
  readonly bytesRatio: number
  /** Seals made and opened, and blind signatures, over the number of answered requests. */
  readonly sealsPerRequest: number
  readonly signaturesPerRequest: number
  /** Coins that operators charged, and that clients gave for it: by their relay's bill, or in tokens. */
  readonly chargedPerRequest: number
  readonly paidPerRequest: number
}

export function costsOf(records: readonly NetworkRecord[], truths: ReadonlyMap<string, Truth>, tokenWorth: number): Costs {
  const tally: Tally = { bytes: 0, plain: 0, seals: 0, signatures: 0, billed: 0, tokens: 0, ttft: [], total: [] }
  for (const record of records) count(tally, record, truths)
  const requests = tally.total.length
  const each = (sum: number): number => (requests === 0 ? 0 : sum / requests)
  const charged = [...truths.values()].reduce((sum, truth) => sum + truth.charged, 0)
  return {
    requests,
    ttftMsP50: percentile(tally.ttft, 0.5),
    ttftMsP95: percentile(tally.ttft, 0.95),
    totalMsP50: percentile(tally.total, 0.5),
    totalMsP95: percentile(tally.total, 0.95),
    bytesPerRequest: each(tally.bytes),
    bytesRatio: tally.plain === 0 ? 0 : tally.bytes / tally.plain,
    sealsPerRequest: each(tally.seals),
    signaturesPerRequest: each(tally.signatures),
    chargedPerRequest: each(charged),
    paidPerRequest: each(tally.billed + tally.tokens * tokenWorth),
  }
}

interface Tally {
  bytes: number
  plain: number
  seals: number
  signatures: number
  billed: number
  tokens: number
  readonly ttft: number[]
  readonly total: number[]
}

function count(tally: Tally, { event }: NetworkRecord, truths: ReadonlyMap<string, Truth>): void {
  switch (event.type) {
    case 'sealedSent':
      tally.bytes += event.bytes
      tally.plain += plainOf(truths.get(event.sealed))
      tally.seals++
      return
    case 'answerSealed':
      tally.bytes += event.bytes
      tally.plain += truths.has(event.sealed) ? event.plainBytes : 0
      tally.seals++
      return
    case 'tokensSold':
      tally.signatures += event.count
      return
    case 'relayBilled':
      tally.billed += event.amount
      return
    case 'tokensSpent':
      tally.tokens += event.count
      return
    case 'requestEnded':
      if (event.outcome !== 'ok') return
      tally.total.push(event.totalMs)
      if (event.ttftMs !== undefined) tally.ttft.push(event.ttftMs)
      return
    default:
      return
  }
}

const plainOf = (truth: Truth | undefined): number => (truth === undefined ? 0 : truth.promptTokens * 4 + SEAL_OVERHEAD)

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** Header, encapsulated key and tag of a seal, and the frame of its one chunk. */
const SEAL_OVERHEAD = 55 + 17
