import type { MetricFold, MetricValues, NetworkRecord, RecordOf } from './fold.ts'
import { Spread } from './spread.ts'

/** How requests fared, as their clients saw it. */
export class RequestMetrics implements MetricFold {
  readonly watches = ['requestSent', 'dispatched', 'answerRefused', 'requestEnded'] as const
  readonly #open = new Set<string>()
  readonly #retried = new Set<string>()
  readonly #resumed = new Set<string>()
  readonly #ttft = new Spread()
  readonly #tpot = new Spread()
  readonly #endToEnd = new Spread()
  readonly #failing = new Spread()
  #total = 0
  #ok = 0
  #failed = 0
  #tokens = 0
  #refused = 0

  observe({ event }: RecordOf<(typeof this.watches)[number]>): void {
    switch (event.type) {
      case 'requestSent':
        if (event.attempt > 1) return
        this.#total++
        this.#open.add(event.requestId)
        return
      case 'dispatched':
        if (event.attempt > 1) this.#retried.add(event.requestId)
        if (event.from > 0) this.#resumed.add(event.requestId)
        return
      case 'answerRefused':
        this.#refused++
        return
      case 'requestEnded':
        this.#end(event)
        return
      default:
        return
    }
  }

  #end(event: Extract<NetworkRecord['event'], { type: 'requestEnded' }>): void {
    this.#open.delete(event.requestId)
    this.#tokens += event.tokens
    if (event.outcome === 'failed') {
      this.#failed++
      this.#failing.add(event.totalMs)
    }
    if (event.outcome !== 'ok') return
    this.#ok++
    this.#endToEnd.add(event.totalMs)
    if (event.ttftMs === undefined) return
    this.#ttft.add(event.ttftMs)
    if (event.tokens > 1) this.#tpot.add((event.totalMs - event.ttftMs) / (event.tokens - 1))
  }

  /** Requests that have been sent and not ended. */
  unfinished(): number {
    return this.#open.size
  }

  report(): MetricValues {
    return {
      'requests.total': this.#total,
      'requests.ok': this.#ok,
      'requests.failed': this.#failed,
      'requests.unfinished': this.#open.size,
      ...(this.#total > 0 ? { 'requests.success_rate': this.#ok / this.#total } : {}),
      'requests.tokens': this.#tokens,
      'requests.tampered': this.#refused,
      'requests.resumed': this.#resumed.size,
      'requests.retried': this.#retried.size,
      ...this.#ttft.report('requests.ttft_ms'),
      ...this.#tpot.report('requests.tpot_ms'),
      ...this.#endToEnd.report('requests.e2e_ms'),
      ...this.#failing.report('requests.fail_ms'),
    }
  }
}
