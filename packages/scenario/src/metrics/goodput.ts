import type { Millis } from '@infermesh/kernel'
import type { MetricFold, MetricValues, RecordOf } from './fold.ts'

/** What an answer must keep to be good work. */
export interface AnswerLimits {
  readonly ttft: Millis
  /** Mean over the answer. */
  readonly tpot: Millis
}

/** Answers that came in time. Failures and answers that never came count against the share. */
export class GoodputMetrics implements MetricFold {
  readonly watches = ['requestSent', 'requestEnded'] as const
  readonly #limits: AnswerLimits
  #sent = 0
  #good = 0
  #goodTokens = 0
  #firstAt: Millis | undefined
  #lastAt: Millis = 0

  constructor(limits: AnswerLimits) {
    this.#limits = limits
  }

  observe({ event, at }: RecordOf<(typeof this.watches)[number]>): void {
    if (event.type === 'requestSent' && event.attempt === 1) {
      this.#sent++
      this.#firstAt ??= at
    }
    if (event.type !== 'requestEnded') return
    this.#lastAt = at
    const { outcome, tokens, ttftMs, totalMs } = event
    if (outcome !== 'ok' || ttftMs === undefined || ttftMs > this.#limits.ttft) return
    if ((totalMs - ttftMs) / Math.max(1, tokens - 1) > this.#limits.tpot) return
    this.#good++
    this.#goodTokens += tokens
  }

  report(): MetricValues {
    if (this.#sent === 0) return {}
    const seconds = Math.max(1, this.#lastAt - (this.#firstAt ?? 0)) / 1_000
    return {
      'goodput.turns': this.#good,
      'goodput.turn_share': this.#good / this.#sent,
      'goodput.turns_per_s': this.#good / seconds,
      'goodput.tokens_per_s': this.#goodTokens / seconds,
    }
  }
}
