import { noSlot } from '../kv/block-index.ts'
import { BlockPool, type OrderName } from '../kv/block-pool.ts'
import type { Future } from '../kv/future.ts'
import { type TierOptions, TierStack } from '../kv/tier-stack.ts'
import type { Sequence } from './sequence.ts'

export interface MemoryOptions {
  readonly blocks: number
  readonly blockTokens: number
  readonly order?: OrderName
  readonly tiers?: readonly TierOptions[]
  readonly kvBytesPerToken: number
  /** Milliseconds to compute so many tokens after a context, alone. A fetch from below must be quicker; absent, all are. */
  readonly computeMs?: (tokens: number, context: number) => number
  /** For the order `foresight`: what will be asked for. */
  readonly future?: Future
}

/** The GPU's block pool and the tiers below it, seen from one sequence. */
export class KvMemory {
  readonly blockTokens: number
  readonly pool: BlockPool
  readonly tiers: TierStack
  /** Asked, where somebody keeps blocks for later, to make so many free before anyone is turned away; answers whether they are. */
  reclaim: ((freeWanted: number) => boolean) | undefined
  readonly #computeMs: (tokens: number, context: number) => number
  readonly #future: Future | undefined
  #epoch = 0
  #demoted = 0
  #promoted = 0

  constructor(options: MemoryOptions) {
    this.blockTokens = options.blockTokens
    this.tiers = new TierStack(options.tiers ?? [], options.blockTokens * options.kvBytesPerToken)
    this.#computeMs = options.computeMs ?? (() => Number.POSITIVE_INFINITY)
    this.#future = options.future
    const tiered = (options.tiers ?? []).length > 0
    this.pool = new BlockPool({
      blocks: options.blocks,
      ...(options.order === undefined ? {} : { order: options.order }),
      ...(options.future === undefined ? {} : { future: options.future }),
      ...(tiered ? { onEvict: (key: number) => this.#demote(key) } : {}),
    })
  }

  /** Rises whenever an admission that failed might succeed. */
  epoch(): number {
    return this.#epoch
  }

  blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.blockTokens)
  }

  /**
   * Gives a waiting sequence its cached prefix and room for `chunkMax` tokens more. At least one token is left to compute.
   * On failure nothing is held.
   */
  admit(sequence: Sequence, chunkMax: number, now: number): boolean {
    const { pool, blockTokens } = this
    const reusable = Math.floor((sequence.tokens() - 1) / blockTokens)
    const unheld = this.#matchRun(sequence, reusable)
    const onGpu = sequence.slots.length
    const below = this.#runBelow(sequence, reusable, now)
    const cached = (onGpu + below.length) * blockTokens
    const room = this.blocksFor(Math.min(sequence.tokens(), cached + chunkMax)) - onGpu
    if (!this.#holdWithRoom(sequence, unheld, room)) {
      sequence.failedEpoch = this.#epoch
      return false
    }
    const promoted = this.tiers.remove(below)
    for (let count = 0; count < room; count++) sequence.slots.push(pool.take())
    sequence.computed = cached
    this.#promoted = below.length
    sequence.readyAt = below.length === 0 ? now : this.tiers.fetch(promoted, now)
    sequence.named = onGpu
    this.name(sequence)
    if (this.#future !== undefined) this.#look(sequence, this.#future)
    return true
  }

  /** Room for tokens up to this count; false, with what it has so far, when memory is full. */
  extend(sequence: Sequence, tokens: number): boolean {
    const wanted = this.blocksFor(tokens)
    while (sequence.slots.length < wanted) {
      const slot = this.#take()
      if (slot === noSlot) return false
      sequence.slots.push(slot)
    }
    return true
  }

  /** Names blocks that have become full. */
  name(sequence: Sequence): void {
    const full = Math.floor(sequence.computed / this.blockTokens)
    while (sequence.named < full) {
      const block = sequence.named++
      this.pool.store(sequence.slots[block] as number, sequence.keyAt(block), block)
    }
  }

  /** Lets go of all blocks, the tail first. Names that nobody can ask for again are dropped when `finished`. */
  release(sequence: Sequence, finished = false): void {
    const shared = finished ? sequence.publicBlocks : sequence.slots.length
    for (let block = sequence.slots.length - 1; block >= 0; block--) {
      const slot = sequence.slots[block] as number
      if (block >= shared) this.pool.forget(slot)
      this.pool.release(slot)
    }
    sequence.slots.length = 0
    sequence.named = 0
    this.#epoch++
  }

  /** Blocks that the last admission brought up from lower tiers. */
  promotedBlocks(): number {
    return this.#promoted
  }

  /** Something besides a release made room or content. */
  changed(): void {
    this.#epoch++
  }

  /** Books the writes of what was evicted since the last call. */
  flushDemoted(now: number): void {
    this.tiers.flush(this.#demoted, now)
    this.#demoted = 0
  }

  /** Copies full blocks below and drops them from the GPU once released: a swap. */
  demoteAll(sequence: Sequence): void {
    for (let block = 0; block < sequence.named; block++) this.demoteBlock(sequence.slots[block] as number)
  }

  demoteBlock(slot: number): void {
    if (this.pool.references(slot) > 1) return
    const key = this.pool.forget(slot)
    if (key >= 0) this.#demote(key)
  }

  #take(): number {
    const slot = this.pool.take()
    return slot === noSlot && this.reclaim?.(1) ? this.pool.take() : slot
  }

  /** Puts the slots of the longest cached front into the table, held by nobody yet, and counts those that holding takes from the free. */
  #matchRun(sequence: Sequence, reusable: number): number {
    const { pool, reclaim } = this
    const { slots } = sequence
    // Without anyone to give blocks back, a front that is longer than what is free has failed already.
    const unheldMax = reclaim === undefined ? pool.free() : reusable
    let unheld = 0
    for (let block = 0; block < reusable && unheld <= unheldMax; block++) {
      const slot = pool.find(sequence.keyAt(block))
      if (slot === noSlot) break
      if (pool.references(slot) === 0) unheld++
      slots.push(slot)
    }
    return unheld
  }

  /** Holds the matched front when there is room for the rest, or can be made. An attempt that fails leaves the order of eviction as it was. */
  #holdWithRoom(sequence: Sequence, unheld: number, room: number): boolean {
    const { pool, reclaim } = this
    if (pool.free() < unheld + room && reclaim === undefined) {
      sequence.slots.length = 0
      return false
    }
    for (const slot of sequence.slots) pool.hold(slot)
    if (pool.free() >= room || reclaim?.(room)) return true
    this.release(sequence)
    return false
  }

  /** Blocks after the cached front that are worth fetching: up to the first tier from which computing them anew is as quick. */
  #runBelow(sequence: Sequence, reusable: number, now: number): number[] {
    const keys: number[] = []
    if (this.tiers.blocks() === 0) return keys
    const counts: number[] = []
    const front = sequence.slots.length
    for (let block = front; block < reusable; block++) {
      const key = sequence.keyAt(block)
      const tier = this.tiers.tierOf(key)
      if (tier < 0) break
      keys.push(key)
      counts[tier] = (counts[tier] ?? 0) + 1
    }
    const slow = counts.map(
      (count, tier) => this.tiers.fetchMs(tier, count, now) >= this.#computeMs(count * this.blockTokens, front * this.blockTokens),
    )
    const end = slow.includes(true) ? keys.findIndex((key) => slow[this.tiers.tierOf(key)]) : keys.length
    return keys.slice(0, end)
  }

  /** A request has come to memory, so that its blocks wait for the next one that asks for them. */
  #look(sequence: Sequence, future: Future): void {
    future.came(sequence.request.id)
    for (let block = 0; block < sequence.publicBlocks; block++) {
      const slot = this.pool.find(sequence.keyAt(block))
      if (slot === noSlot) continue
      this.pool.hold(slot)
      this.pool.release(slot)
    }
  }

  #demote(key: number): void {
    this.tiers.put(key)
    this.#demoted++
  }
}
