import { noSlot } from '../kv/block-index.ts'
import { BlockPool, type OrderName } from '../kv/block-pool.ts'
import { type TierOptions, TierStack } from '../kv/tier-stack.ts'
import type { Sequence } from './sequence.ts'

export interface MemoryOptions {
  readonly blocks: number
  readonly blockTokens: number
  readonly order?: OrderName
  readonly tiers?: readonly TierOptions[]
  readonly kvBytesPerToken: number
}

/** The GPU's block pool and the tiers below it, seen from one sequence. */
export class KvMemory {
  readonly blockTokens: number
  readonly pool: BlockPool
  readonly tiers: TierStack
  /** Asked to make so many blocks free before anyone is turned away; answers whether they are. */
  reclaim: (freeWanted: number) => boolean = () => false
  #epoch = 0
  #demoted = 0
  #promoted = 0

  constructor(options: MemoryOptions) {
    this.blockTokens = options.blockTokens
    this.tiers = new TierStack(options.tiers ?? [], options.blockTokens * options.kvBytesPerToken)
    const tiered = (options.tiers ?? []).length > 0
    this.pool = new BlockPool({
      blocks: options.blocks,
      ...(options.order === undefined ? {} : { order: options.order }),
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
    this.#holdRun(sequence, reusable)
    const onGpu = sequence.slots.length
    const below = this.#runBelow(sequence, reusable)
    const cached = (onGpu + below.length) * blockTokens
    const room = this.blocksFor(Math.min(sequence.tokens(), cached + chunkMax)) - onGpu
    if (pool.free() < room && !this.reclaim(room)) {
      this.release(sequence)
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
    return slot === noSlot && this.reclaim(1) ? this.pool.take() : slot
  }

  #holdRun(sequence: Sequence, reusable: number): void {
    for (let block = 0; block < reusable; block++) {
      const slot = this.pool.find(sequence.keyAt(block))
      if (slot === noSlot) return
      this.pool.hold(slot)
      sequence.slots.push(slot)
    }
  }

  #runBelow(sequence: Sequence, reusable: number): number[] {
    const keys: number[] = []
    if (this.tiers.blocks() === 0) return keys
    for (let block = sequence.slots.length; block < reusable; block++) {
      const key = sequence.keyAt(block)
      if (!this.tiers.has(key)) break
      keys.push(key)
    }
    return keys
  }

  #demote(key: number): void {
    this.tiers.put(key)
    this.#demoted++
  }
}
