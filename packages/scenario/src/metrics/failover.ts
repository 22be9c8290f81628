import type { Millis } from '@infermesh/kernel'
import type { MetricFold, MetricValues, RecordOf } from './fold.ts'
import { Spread } from './spread.ts'

interface Holding {
  readonly holder: string
  readonly epoch: number
}

/** How fast a private model is served again after its holder is gone, and what the change cost. */
export class FailoverMetrics implements MetricFold {
  readonly watches = [
    'leaseAcquired',
    'peerCrashed',
    'faultApplied',
    'tokensMade',
    'tokensReceived',
    'answerRefused',
    'receiptIssued',
  ] as const
  readonly #holdings = new Map<string, Holding>()
  /** Models whose holder is gone: since when, and from which epoch. */
  readonly #gone = new Map<string, { readonly since: Millis; readonly epoch: number }>()
  readonly #mttr = new Spread()
  readonly #received = new Map<string, number>()
  /** Receipted stretches of each request, by their first token. */
  readonly #receipted = new Map<string, Map<number, number>>()
  #takeovers = 0
  #repeated = 0

  observe({ event, at, peer }: RecordOf<(typeof this.watches)[number]>): void {
    switch (event.type) {
      case 'leaseAcquired':
        this.#acquired(event.model, { holder: peer, epoch: event.epoch })
        return
      case 'peerCrashed':
        this.#left(event.name, at)
        return
      case 'faultApplied':
        if (event.fault === 'pause') this.#left(event.target, at)
        return
      case 'tokensMade':
        // The first of them is when the model was served again.
        this.#made(event.model, event.epoch, at - (event.agoMs[0] ?? 0))
        return
      case 'tokensReceived':
        this.#tokensReceived(event)
        return
      case 'answerRefused':
        this.#received.set(event.requestId, event.from)
        return
      case 'receiptIssued':
        this.#receiptedOf(event.requestId).set(event.from, event.to)
        return
      default:
        return
    }
  }

  #acquired(model: string, holding: Holding): void {
    const before = this.#holdings.get(model)
    if (before !== undefined && before.holder !== holding.holder) this.#takeovers++
    this.#holdings.set(model, holding)
  }

  #left(name: string, since: Millis): void {
    for (const [model, holding] of this.#holdings) {
      if (holding.holder === name && !this.#gone.has(model)) this.#gone.set(model, { since, epoch: holding.epoch })
    }
  }

  #made(model: string, epoch: number, at: Millis): void {
    const gone = this.#gone.get(model)
    if (gone === undefined || epoch <= gone.epoch) return
    this.#mttr.add(at - gone.since)
    this.#gone.delete(model)
  }

  #tokensReceived(event: { readonly requestId: string; readonly from: number; readonly to: number }): void {
    const until = this.#received.get(event.requestId) ?? 0
    this.#repeated += Math.max(0, Math.min(until, event.to) - event.from)
    this.#received.set(event.requestId, Math.max(until, event.to))
  }

  #receiptedOf(requestId: string): Map<number, number> {
    const known = this.#receipted.get(requestId) ?? new Map<number, number>()
    this.#receipted.set(requestId, known)
    return known
  }

  /** Delivered and never receipted: work that a lost operator isn't paid for. */
  #lostTokens(): number {
    let lost = 0
    for (const [requestId, received] of this.#received) {
      let covered = 0
      for (const [from, to] of this.#receipted.get(requestId) ?? []) covered += to - from
      lost += Math.max(0, received - covered)
    }
    return lost
  }

  report(): MetricValues {
    return {
      'failover.takeovers': this.#takeovers,
      'failover.repeated_tokens': this.#repeated,
      'failover.lost_tokens': this.#lostTokens(),
      ...this.#mttr.report('failover.mttr_ms'),
    }
  }
}
