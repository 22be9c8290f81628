import type { Cryptography, Millis } from '@infermesh/kernel'
import { Directory, type Genesis } from '@infermesh/protocol'
import { CheckBench, type Violation } from '../checks/checks.ts'
import { judge } from '../expect/expectation.ts'
import type { NetworkRecord } from '../metrics/fold.ts'
import { Metrics } from '../metrics/metrics.ts'
import type { Scenario } from '../resolve.ts'
import { checkOf, outcomeOf, type RunCheck, type RunResult } from './result.ts'

const GRACE: Millis = 5_000

export interface RunEnd {
  readonly world: string
  readonly virtualMs: Millis
  readonly wallMs: Millis
  readonly traceHash?: string
  /** What was found after the run, from outside the trace: a replay of the log, a fault that did not act. */
  readonly further: readonly RunCheck[]
  /** What was measured after the run: what observers learned. */
  readonly metrics?: Readonly<Record<string, number>>
}

export interface ObserverOptions {
  /** What the run's peers sign and verify with. */
  readonly crypto: Cryptography
  /** Peer ids that the scenario makes lie. */
  readonly liars?: ReadonlySet<string>
}

/** Watches a run over its trace, in any world, and judges it at the end. */
export class RunObserver {
  readonly metrics: Metrics
  readonly #scenario: Scenario
  readonly #checks: CheckBench
  #lastEvent: Millis = 0
  #owed = 0

  constructor(scenario: Scenario, genesis: Genesis, { crypto, liars = new Set() }: ObserverOptions) {
    this.#scenario = scenario
    this.metrics = new Metrics(liars, scenario.limits)
    this.#checks = new CheckBench({ directory: new Directory(genesis), crypto, liars, grace: GRACE })
  }

  observe(record: NetworkRecord): void {
    this.metrics.observe(record)
    this.#checks.observe(record)
    this.#lastEvent = record.at
  }

  /** The load will send more by itself: a conversation goes on (+1), or has ended (-1). */
  owe(change: 1 | -1): void {
    this.#owed += change
  }

  /** Everything asked for is answered, logged and settled: nothing more is to be expected. */
  quiet(): boolean {
    const { requests, settlement } = this.metrics
    return this.#owed === 0 && requests.unfinished() === 0 && settlement.unlogged() === 0 && settlement.pending() === 0
  }

  /** The first standing check that broke, while the run is still going on. */
  violation(): (Violation & { readonly name: string }) | undefined {
    return this.#checks.firstViolation()
  }

  /** Names of the standing checks that broke so far. */
  broken(): readonly string[] {
    return this.#checks.broken()
  }

  conclude(end: RunEnd): RunResult {
    const metrics = { ...this.metrics.report(), ...end.metrics }
    const standing = this.#checks.conclude(Math.max(end.virtualMs, this.#lastEvent)).map(
      (check): RunCheck => ({
        name: `${check.name} ${check.title}`,
        held: check.held,
        expected: 'no violation',
        actual: check.first === undefined ? 'none' : `${check.violations}, first at ${check.first.at} ms: ${check.first.text}`,
      }),
    )
    const expected = this.#scenario.expect.map((expectation) => checkOf(judge(expectation, metrics)))
    const checks = [...expected, ...standing, ...end.further]
    const { further: _, metrics: _more, ...rest } = end
    return {
      scenario: this.#scenario.name,
      seed: this.#scenario.seed,
      ...(this.#scenario.crypto === 'sized' ? { crypto: 'sized' as const } : {}),
      peers: this.#scenario.peers.length + this.#scenario.load.reduce((sum, load) => sum + load.client, 0),
      ...rest,
      outcome: outcomeOf(checks),
      checks,
      metrics,
    }
  }
}
