import { type LeakReport, leaksOf, type ReceiptSighting } from '@infermesh/analysis'
import { assert } from '@infermesh/kernel'
import type { Genesis } from '@infermesh/protocol'
import type { NetworkRecord } from '@infermesh/scenario'
import { leakOptions } from './leak-options.ts'
import { ReceiptReader } from './receipt-reader.ts'

/**
 * Keeps of a trace what its observers see, and says what they learn from it. A receipt is read as it comes and its bytes are let go: in an
 * hour of a large crowd they would be most of what there is.
 */
export class LeakRecords {
  readonly #genesis: Genesis
  readonly #reader: ReceiptReader
  readonly #records: NetworkRecord[] = []
  readonly #receipts = new Map<string, ReceiptSighting>()
  #hasSealed = false

  constructor(genesis: Genesis) {
    this.#genesis = genesis
    this.#reader = new ReceiptReader(genesis)
  }

  observe(record: NetworkRecord): void {
    const { event } = record
    if (!SEEN.has(event.type)) return
    if (event.type === 'sealedSent') this.#hasSealed = true
    if (event.type !== 'receiptIssued') {
      this.#records.push(record)
      return
    }
    const { receipt } = event
    if (!this.#receipts.has(receipt)) this.#receipts.set(receipt, this.#reader.read(event.envelope))
    // The id stands for the bytes, here and in `report`.
    this.#records.push({ ...record, event: { ...event, envelope: receipt } })
  }

  /** Whether anything went sealed: without it there is nothing to tell. */
  hasSealed(): boolean {
    return this.#hasSealed
  }

  report(): LeakReport {
    return leaksOf(this.#records, { ...leakOptions(this.#genesis), read: (receipt) => this.#found(receipt) })
  }

  #found(receipt: string): ReceiptSighting {
    const sighting = this.#receipts.get(receipt)
    assert(sighting !== undefined, `expected receipt ${receipt} among those that were read, found none`)
    return sighting
  }
}

/** What `leaksOf` reads. */
const SEEN: ReadonlySet<string> = new Set([
  'requestSent',
  'requestEnded',
  'executionStarted',
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
