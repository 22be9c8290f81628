import type { MetricFold, MetricValues, RecordOf } from './fold.ts'

/** What verifiers looked at and whom they caught. `liars` are the peers that the scenario makes lie, by peer id. */
export class VerificationMetrics implements MetricFold {
  readonly watches = ['verdictGiven', 'slashed'] as const
  readonly #liars: ReadonlySet<string>
  readonly #checked = new Set<string>()
  readonly #slashed = new Set<string>()
  #verdicts = 0
  #backlog = 0

  constructor(liars: ReadonlySet<string>) {
    this.#liars = liars
  }

  observe({ event }: RecordOf<(typeof this.watches)[number]>): void {
    if (event.type === 'verdictGiven') {
      this.#verdicts++
      this.#checked.add(event.receipt)
      this.#backlog = Math.max(this.#backlog, event.backlog)
    }
    if (event.type === 'slashed') this.#slashed.add(`${event.accused}/${event.receipt}`)
  }

  report(): MetricValues {
    const accused = [...this.#slashed].map((key) => key.slice(0, key.indexOf('/')))
    return {
      'verification.checked': this.#checked.size,
      'verification.verdicts': this.#verdicts,
      'verification.caught': new Set(accused.filter((peer) => this.#liars.has(peer))).size,
      'verification.false_accusations': accused.filter((peer) => !this.#liars.has(peer)).length,
      'verification.backlog': this.#backlog,
    }
  }
}
