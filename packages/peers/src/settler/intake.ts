import { emit, forget, type Millis } from '@infermesh/kernel'
import type { PeerEffect } from '@infermesh/protocol'
import { isOutdated, type LoggedEntry } from '@infermesh/protocol/ledger'
import type { SettlerConfig } from './settler-config.ts'
import type { SettlerParts } from './settler-parts.ts'

/** Where entries come in and, if they turn out to be of no use, go out again. */
export class Intake {
  readonly #config: Required<SettlerConfig>
  readonly #parts: SettlerParts

  constructor(config: Required<SettlerConfig>, parts: SettlerParts) {
    this.#config = config
    this.#parts = parts
  }

  /** On disk before it can be in a block. No effects: it is here already, or comes too late. */
  take(entry: LoggedEntry, now: Millis): PeerEffect[] {
    const { ledger, mempool, archive } = this.#parts
    if (isOutdated(ledger, entry) || mempool.has(entry.id)) return []
    if (!mempool.add(entry, now)) return [emit({ type: 'dropped', queue: 'settler mempool', count: 1 })]
    return archive.keepEntry(entry)
  }

  /** Those that waited too long for what they depend on. */
  dropStale(now: Millis): PeerEffect[] {
    return this.drop(this.#parts.mempool.stale(now, this.#config.waitMax))
  }

  drop(ids: readonly string[]): PeerEffect[] {
    const { mempool, archive, ledger } = this.#parts
    return ids.flatMap((id) => {
      mempool.remove(id)
      return ledger.store.get('entry', id) === undefined ? [forget(archive.drop(id))] : []
    })
  }
}
