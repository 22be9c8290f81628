import { noSlot } from './block-index.ts'
import { BlockPool } from './block-pool.ts'
import { TransferQueue } from './transfer-queue.ts'

/** One memory below the GPU. Speeds count per server; servers are queued on, never shared. */
export interface TierOptions {
  readonly name: string
  readonly blocks: number
  readonly bytesPerSecond: number
  /** Cost of each transfer, however small. */
  readonly baseMs: number
  readonly serversPerDirection: number
}

interface Tier {
  readonly pool: BlockPool
  readonly reads: TransferQueue
  readonly writes: TransferQueue
}

/** Tiers below the GPU, each an exclusive LRU: what one evicts moves to the next, and what is fetched leaves its tier. */
export class TierStack {
  readonly #tiers: readonly Tier[]
  readonly #blockBytes: number
  #movedBytes = 0

  constructor(tiers: readonly TierOptions[], blockBytes: number) {
    this.#blockBytes = blockBytes
    this.#tiers = tiers.map((options, index) => ({
      pool: new BlockPool({ blocks: options.blocks, onEvict: (key) => this.#putInto(index + 1, key) }),
      reads: new TransferQueue(options),
      writes: new TransferQueue(options),
    }))
  }

  /** Bytes moved in either direction. */
  movedBytes(): number {
    return this.#movedBytes
  }

  blocks(): number {
    return this.#tiers.reduce((sum, tier) => sum + tier.pool.blocks, 0)
  }

  cached(): number {
    return this.#tiers.reduce((sum, tier) => sum + tier.pool.cached(), 0)
  }

  has(key: number): boolean {
    return this.tierOf(key) >= 0
  }

  /** The number of the tier that has a block, from 0; -1 for none. */
  tierOf(key: number): number {
    for (let index = 0; index < this.#tiers.length; index++) if (this.#tiers[index]?.pool.find(key) !== noSlot) return index
    return -1
  }

  /** How long so many blocks of one tier would take to the GPU from now, the queue included. Books nothing. */
  fetchMs(index: number, count: number, now: number): number {
    return (this.#tiers[index]?.reads.endOf(count * this.#blockBytes, now) ?? Number.POSITIVE_INFINITY) - now
  }

  /** Takes in what the GPU gave up, as the most recent; an older copy further down is dropped. */
  put(key: number): void {
    this.#take(key)
    this.#putInto(0, key)
  }

  /** Removes leading blocks of the run that a request promotes; the answer counts them by tier, for `fetch`. */
  remove(keys: readonly number[]): number[] {
    const counts = this.#tiers.map(() => 0)
    for (const key of keys) {
      const index = this.#take(key)
      if (index >= 0) counts[index] = (counts[index] ?? 0) + 1
    }
    return counts
  }

  /** When these blocks are all on the GPU. */
  fetch(counts: readonly number[], now: number): number {
    let doneAt = now
    counts.forEach((count, index) => {
      const tier = this.#tiers[index]
      if (count === 0 || tier === undefined) return
      this.#movedBytes += count * this.#blockBytes
      doneAt = Math.max(doneAt, tier.reads.move(count * this.#blockBytes, now))
    })
    return doneAt
  }

  /** When blocks given up now have left the GPU; nobody waits for it, but later writes queue behind it. */
  flush(count: number, now: number): number {
    const tier = this.#tiers[0]
    if (count === 0 || tier === undefined) return now
    this.#movedBytes += count * this.#blockBytes
    return tier.writes.move(count * this.#blockBytes, now)
  }

  /** Removes a block from the tier that has it, and names the tier. */
  #take(key: number): number {
    const index = this.tierOf(key)
    const pool = this.#tiers[index]?.pool
    if (pool !== undefined) pool.forget(pool.find(key))
    return index
  }

  #putInto(index: number, key: number): void {
    const pool = this.#tiers[index]?.pool
    if (pool === undefined) return
    const slot = pool.take()
    pool.store(slot, key, 0)
    pool.release(slot)
  }
}
