import { FailoverMetrics } from './failover.ts'
import { type MetricFold, type MetricValues, type NetworkRecord, readersByType } from './fold.ts'
import { type AnswerLimits, GoodputMetrics } from './goodput.ts'
import { MemoryMetrics } from './memory.ts'
import { NetworkMetrics } from './network.ts'
import { RequestMetrics } from './requests.ts'
import { SettlementMetrics } from './settlement.ts'
import { VerificationMetrics } from './verification.ts'

/** All metrics of a run, folded over its trace as it comes. */
export class Metrics {
  readonly requests = new RequestMetrics()
  readonly settlement = new SettlementMetrics()
  readonly #folds: readonly MetricFold[]
  readonly #readers: ReadonlyMap<string, readonly MetricFold[]>

  constructor(liars: ReadonlySet<string> = new Set(), limits: AnswerLimits = { ttft: 5_000, tpot: 50 }) {
    this.#folds = [
      this.requests,
      new FailoverMetrics(),
      this.settlement,
      new VerificationMetrics(liars),
      new NetworkMetrics(),
      new GoodputMetrics(limits),
      new MemoryMetrics(),
    ]
    this.#readers = readersByType(this.#folds)
  }

  observe(record: NetworkRecord): void {
    for (const fold of this.#readers.get(record.event.type) ?? []) fold.observe(record)
  }

  report(): MetricValues {
    return Object.assign({}, ...this.#folds.map((fold) => fold.report())) as MetricValues
  }
}
