import { leakMetrics } from '@infermesh/analysis'
import type { Genesis } from '@infermesh/protocol'
import type { NetworkRecord, Scenario } from '@infermesh/scenario'
import { LeakRecords } from './leak-records.ts'

/** Keeps what observers of sealed requests saw, in runs that have some, and says at the end what they learned. */
export class LeakWatch {
  readonly #records: LeakRecords | undefined

  constructor(scenario: Scenario, genesis: Genesis) {
    const isNeeded = scenario.load.some(({ oblivious }) => oblivious !== undefined)
    this.#records = isNeeded ? new LeakRecords(genesis) : undefined
  }

  observe(record: NetworkRecord): void {
    this.#records?.observe(record)
  }

  /** None where nothing was sealed. */
  metrics(): Readonly<Record<string, number>> {
    return this.#records?.hasSealed() === true ? leakMetrics(this.#records.report()) : {}
  }
}
