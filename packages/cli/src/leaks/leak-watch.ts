import { leakMetrics } from '@infermesh/analysis'
import type { Genesis } from '@infermesh/protocol'
import type { NetworkRecord, Scenario } from '@infermesh/scenario'
import { leaksOfRun } from './run-leaks.ts'

/** Keeps what observers of sealed requests saw, in runs that have some, and says at the end what they learned. */
export class LeakWatch {
  readonly #genesis: Genesis
  readonly #isNeeded: boolean
  readonly #records: NetworkRecord[] = []

  constructor(scenario: Scenario, genesis: Genesis) {
    this.#genesis = genesis
    this.#isNeeded = scenario.load.some(({ oblivious }) => oblivious !== undefined)
  }

  observe(record: NetworkRecord): void {
    if (this.#isNeeded && SEEN.has(record.event.type)) this.#records.push(record)
  }

  /** None where nothing was sealed. */
  metrics(): Readonly<Record<string, number>> {
    if (!this.#records.some(({ event }) => event.type === 'sealedSent')) return {}
    return leakMetrics(leaksOfRun(this.#genesis, this.#records))
  }
}

const SEEN: ReadonlySet<string> = new Set([
  'requestSent',
  'requestEnded',
  'executionStarted',
  'tokensMade',
  'receiptIssued',
  'sealedSent',
  'relayReceived',
  'relayForwarded',
  'relayAnswered',
  'relayBilled',
  'sealedOpened',
  'answerSealed',
  'tokensSold',
  'tokensSpent',
] satisfies readonly NetworkRecord['event']['type'][])
