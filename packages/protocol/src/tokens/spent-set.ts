import { assert, type Millis } from '@infermesh/kernel'

export type LockOutcome = 'locked' | 'in-use' | 'spent' | 'full'

type Entry = { readonly state: 'locked'; readonly holder: string; readonly until: Millis } | { readonly state: 'spent' }

/** A spent token as it is saved and merged between stores. */
export interface SpentToken {
  readonly id: string
  readonly epoch: number
}

/**
 * Which tokens were used. A token is locked before its work starts, in one step: to look first and mark later would serve it twice.
 * A lock ends as spent or released; one that is left over falls back to free when its time is up.
 */
export class SpentSet {
  readonly #entriesMax: number
  readonly #epochs = new Map<number, Map<string, Entry>>()
  #size = 0

  constructor(options: { readonly entriesMax: number }) {
    this.#entriesMax = options.entriesMax
  }

  /** `holder` is the request the token pays for, `until` the latest time by which it is decided. */
  lock(token: SpentToken, holder: string, until: Millis, now: Millis): LockOutcome {
    const entries = this.#epochs.get(token.epoch) ?? new Map<string, Entry>()
    const entry = entries.get(token.id)
    if (entry?.state === 'spent') return 'spent'
    if (entry && entry.holder !== holder && now < entry.until) return 'in-use'
    if (!entry && this.#size >= this.#entriesMax) return 'full'
    if (!entry) this.#size += 1
    this.#epochs.set(token.epoch, entries.set(token.id, { state: 'locked', holder, until }))
    return 'locked'
  }

  /** From the first byte of output on: the token is gone, whatever happens next. */
  consume(token: SpentToken, holder: string): boolean {
    if (!this.#heldBy(token, holder)) return false
    this.#epochs.get(token.epoch)?.set(token.id, { state: 'spent' })
    return true
  }

  /** When the work failed before any output. False, and nothing happens, once it is spent or another's. */
  release(token: SpentToken, holder: string): boolean {
    if (!this.#heldBy(token, holder)) return false
    this.#remove(token)
    return true
  }

  /**
   * Takes over what another store reports spent. True when this store had let the same token be used too: a double spend. The size limit
   * does not hold here, since a token that is dropped could be spent again: callers merge only from stores they trust.
   */
  merge(token: SpentToken): boolean {
    const entries = this.#epochs.get(token.epoch) ?? new Map<string, Entry>()
    const entry = entries.get(token.id)
    if (!entry) this.#size += 1
    this.#epochs.set(token.epoch, entries.set(token.id, { state: 'spent' }))
    return entry !== undefined
  }

  /** Tokens of keys that are no longer accepted need no memory. */
  forgetEpoch(epoch: number): void {
    this.#size -= this.#epochs.get(epoch)?.size ?? 0
    this.#epochs.delete(epoch)
  }

  /** The spent tokens of an epoch in the order of their first use, to save, merge or deposit. */
  spent(epoch: number): readonly SpentToken[] {
    const entries = [...(this.#epochs.get(epoch) ?? [])]
    return entries.filter(([, entry]) => entry.state === 'spent').map(([id]) => ({ id, epoch }))
  }

  size(): number {
    return this.#size
  }

  #heldBy(token: SpentToken, holder: string): boolean {
    const entry = this.#epochs.get(token.epoch)?.get(token.id)
    return entry?.state === 'locked' && entry.holder === holder
  }

  #remove(token: SpentToken): void {
    const removed = this.#epochs.get(token.epoch)?.delete(token.id)
    assert(removed, 'a held token must be in the set')
    this.#size -= 1
  }
}
