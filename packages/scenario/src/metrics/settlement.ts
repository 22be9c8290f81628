import type { MetricFold, MetricValues, NetworkRecord, RecordOf } from './fold.ts'
import { Spread } from './spread.ts'

interface IssuedReceipt {
  readonly requestId: string
  readonly at: number
}

/** Tokens of an answer, up to `to` and without it. */
interface Range {
  readonly from: number
  readonly to: number
}

type Leaf = Extract<NetworkRecord['event'], { type: 'leafSettled' }>

/** What was signed, logged, paid, and whether money adds up. The settlers agree, so each leaf is counted where it is seen first. */
export class SettlementMetrics implements MetricFold {
  readonly watches = [
    'requestSent',
    'tokensReceived',
    'receiptIssued',
    'entryLogged',
    'receiptVoid',
    'leafSettled',
    'blockFinal',
    'balances',
  ] as const
  readonly #issued = new Map<string, IssuedReceipt>()
  readonly #logged = new Set<string>()
  /** Of those issued. A receipt is announced again until it is logged, and now and then once more. */
  readonly #unlogged = new Set<string>()
  readonly #void = new Set<string>()
  /** The latest by request and first token. */
  readonly #leaves = new Map<string, Leaf>()
  /** By request: what leaves paid for. */
  readonly #paidFor = new Map<string, Range[]>()
  readonly #chargedBy = new Map<string, number>()
  readonly #maxCharge = new Map<string, number>()
  readonly #answered = new Set<string>()
  readonly #lag = new Spread()
  #blocks = 0
  #charged = 0
  #duplicates = 0
  #total: number | undefined
  #conserved = true

  observe({ event, at }: RecordOf<(typeof this.watches)[number]>): void {
    switch (event.type) {
      case 'requestSent':
        this.#maxCharge.set(event.requestId, event.maxCharge)
        return
      case 'tokensReceived':
        this.#answered.add(event.requestId)
        return
      case 'receiptIssued':
        this.#issued.set(event.receipt, { requestId: event.requestId, at })
        if (!this.#logged.has(event.receipt)) this.#unlogged.add(event.receipt)
        return
      case 'entryLogged':
        if (event.kind === 'receipt') this.#log(event.entry)
        return
      case 'receiptVoid':
        this.#void.add(event.receipt)
        return
      case 'leafSettled':
        this.#settled(event, at)
        return
      case 'blockFinal':
        this.#blocks = Math.max(this.#blocks, event.height)
        return
      case 'balances':
        this.#total ??= event.total
        if (event.total !== this.#total || event.escrow < 0) this.#conserved = false
        return
      default:
        return
    }
  }

  #log(receipt: string): void {
    this.#logged.add(receipt)
    this.#unlogged.delete(receipt)
  }

  #settled(leaf: Leaf, at: number): void {
    const where = `${leaf.requestId}/${leaf.from}`
    const known = this.#leaves.get(where)
    if (known?.receipt === leaf.receipt && known.batchId === leaf.batchId) return
    this.#leaves.set(where, leaf)
    this.#charged += leaf.amount
    this.#chargedBy.set(leaf.requestId, (this.#chargedBy.get(leaf.requestId) ?? 0) + leaf.amount)
    this.#countDuplicates(leaf)
    const issued = this.#issued.get(leaf.receipt)
    if (issued !== undefined) this.#lag.add(at - issued.at)
  }

  /** Token by token: a token paid by two leaves is a duplicate whatever their bounds are. */
  #countDuplicates({ requestId, from, to }: Range & { readonly requestId: string }): void {
    const paid = this.#paidFor.get(requestId) ?? []
    const before = paid.filter((other) => other.from < to && from < other.to)
    for (let token = from; before.length > 0 && token < to; token++)
      if (before.some((other) => other.from <= token && token < other.to)) this.#duplicates++
    paid.push({ from, to })
    this.#paidFor.set(requestId, paid)
  }

  /** Receipts that wait for the log or for settlement. A receipt lost with a crashed operator's last events doesn't count. */
  pending(): number {
    let settled = 0
    for (const receipt of this.#logged) if (this.#void.has(receipt)) settled++
    return this.#logged.size - settled - this.#leaves.size
  }

  unlogged(): number {
    return this.#unlogged.size
  }

  report(): MetricValues {
    const aboveMax = [...this.#chargedBy].filter(([id, charged]) => charged > (this.#maxCharge.get(id) ?? Number.POSITIVE_INFINITY)).length
    const unserved = [...this.#chargedBy].filter(([id]) => !this.#answered.has(id)).reduce((sum, [, charged]) => sum + charged, 0)
    return {
      'billing.duplicates': this.#duplicates,
      'billing.above_max': aboveMax,
      'billing.charged': this.#charged,
      'billing.unserved': unserved,
      'receipts.issued': this.#issued.size,
      'receipts.logged': this.#logged.size,
      'receipts.unlogged': this.unlogged(),
      'receipts.void': this.#void.size,
      'settlement.final': this.#leaves.size,
      'settlement.pending': this.pending(),
      'settlement.blocks': this.#blocks,
      ...(this.#total === undefined ? {} : { 'settlement.conserved': this.#conserved }),
      ...this.#lag.report('settlement.lag_ms'),
    }
  }
}
