import type { Millis } from '@infermesh/kernel'
import { type NetworkRecord, readersByType, type TraceReader } from '../metrics/fold.ts'
import { appendOnlyLog } from './append-only-log.ts'
import { chargeLimit } from './charge-limit.ts'
import type { Check, CheckContext, CheckFactory } from './check.ts'
import { conservation } from './conservation.ts'
import { continuousAnswers } from './continuous-answers.ts'
import { currentEpoch } from './current-epoch.ts'
import { endedRequests } from './ended-requests.ts'
import { equalReplay } from './equal-replay.ts'
import { guardedKeys } from './guarded-keys.ts'
import { honestUnslashed } from './honest-unslashed.ts'
import { provenSlashes } from './proven-slashes.ts'
import { receiptedLeaves } from './receipted-leaves.ts'
import { settledReceipts } from './settled-receipts.ts'
import { singleHolder } from './single-holder.ts'
import { singleOpening } from './single-opening.ts'
import { singleServer } from './single-server.ts'
import { singleSettlement } from './single-settlement.ts'
import { standingRights } from './standing-rights.ts'
import { timelyTakeover } from './timely-takeover.ts'

/** Every check, in the order of the report. */
export const checkFactories: readonly CheckFactory[] = [
  singleSettlement,
  conservation,
  chargeLimit,
  receiptedLeaves,
  currentEpoch,
  singleHolder,
  provenSlashes,
  honestUnslashed,
  appendOnlyLog,
  guardedKeys,
  equalReplay,
  continuousAnswers,
  singleServer,
  standingRights,
  singleOpening,
  endedRequests,
  settledReceipts,
  timelyTakeover,
]

export interface Violation {
  readonly at: Millis
  readonly seq: number
  readonly text: string
}

export interface CheckResult {
  readonly name: string
  readonly title: string
  readonly held: boolean
  readonly violations: number
  readonly first?: Violation
}

interface Watched extends TraceReader {
  readonly check: Check
  count: number
  first?: Violation
}

/** Watches all checks over a trace as it comes. */
export class CheckBench {
  readonly #watched: readonly Watched[]
  readonly #readers: ReadonlyMap<string, readonly Watched[]>

  constructor(context: CheckContext) {
    this.#watched = checkFactories.map((create) => {
      const check = create(context)
      return { check, watches: check.watches, count: 0 }
    })
    this.#readers = readersByType(this.#watched)
  }

  /** The first violation that this record is, if it is one. */
  observe(record: NetworkRecord): void {
    for (const entry of this.#readers.get(record.event.type) ?? []) {
      const text = entry.check.observe(record)
      if (text !== undefined) this.#note(entry, { at: record.at, seq: record.seq, text })
    }
  }

  /** What broke first so far. */
  firstViolation(): (Violation & { readonly name: string }) | undefined {
    const broken = this.#watched.flatMap(({ check, first }) => (first === undefined ? [] : [{ ...first, name: check.name }]))
    return broken.sort((left, right) => left.at - right.at)[0]
  }

  #note(entry: Watched, violation: Violation): void {
    entry.count++
    entry.first ??= violation
  }

  /** Names of the checks that broke so far. */
  broken(): readonly string[] {
    return this.#watched.filter(({ count }) => count > 0).map(({ check }) => check.name)
  }

  conclude(end: Millis): readonly CheckResult[] {
    for (const entry of this.#watched) {
      const text = entry.check.conclude?.(end)
      if (text !== undefined) this.#note(entry, { at: end, seq: -1, text })
    }
    return this.#watched.map(({ check, count, first }) => ({
      name: check.name,
      title: check.title,
      held: count === 0,
      violations: count,
      ...(first === undefined ? {} : { first }),
    }))
  }
}
