import { assert } from '@infermesh/kernel'
import { BlockIndex, noKey, noSlot } from './block-index.ts'
import { type EvictionOrder, RecencyOrder } from './eviction-order.ts'
import type { Future } from './future.ts'
import { RankedOrder, type RankRule } from './ranked-order.ts'

export type OrderName = 'lru' | 'foresight' | RankRule

export interface PoolOptions {
  readonly blocks: number
  readonly order?: OrderName
  /** For `foresight`: when each content is asked for next. */
  readonly future?: Pick<Future, 'nextUse'>
  /** Told when content leaves the pool because its block was needed. */
  readonly onEvict?: (key: number) => void
}

/**
 * A fixed number of KV blocks. A block is held (references above zero) or free; a free one may still carry content under a key
 * until it is reused, so the free list is the cache. Every step is O(1) for each block under `lru`, and allocates nothing.
 */
export class BlockPool {
  readonly blocks: number
  readonly #references: Int32Array
  readonly #keys: Float64Array
  readonly #index: BlockIndex
  readonly #order: EvictionOrder
  /** Free blocks without content, a stack: they are used before any cached one. */
  readonly #empty: Int32Array
  #emptyCount = 0
  readonly #onEvict: ((key: number) => void) | undefined
  #free = 0
  #cached = 0
  #evictions = 0

  constructor({ blocks, order = 'lru', future, onEvict }: PoolOptions) {
    assert(Number.isInteger(blocks) && blocks > 0, `expected a whole number of blocks, 1 or more, got ${blocks}`)
    this.blocks = blocks
    this.#references = new Int32Array(blocks)
    this.#keys = new Float64Array(blocks).fill(noKey)
    this.#index = new BlockIndex(this.#keys)
    this.#order = orderOf(blocks, order, future)
    this.#onEvict = onEvict
    this.#empty = new Int32Array(blocks)
    for (let slot = blocks - 1; slot >= 0; slot--) this.#empty[this.#emptyCount++] = slot
    this.#free = blocks
  }

  /** Blocks that nobody holds, with content or without. */
  free(): number {
    return this.#free
  }

  /** Free blocks without content. */
  empty(): number {
    return this.#emptyCount
  }

  /** Blocks with content, held or free. */
  cached(): number {
    return this.#cached
  }

  /** How often content was lost because its block was reused. */
  evictions(): number {
    return this.#evictions
  }

  references(slot: number): number {
    return this.#references[slot] as number
  }

  keyOf(slot: number): number {
    return this.#keys[slot] as number
  }

  /** The slot with this content, or `noSlot`. */
  find(key: number): number {
    return this.#index.find(key)
  }

  /** One more holder of a block found by key; counts as a use for the eviction order. */
  hold(slot: number): void {
    this.#order.used(slot, this.#keys[slot] as number)
    if ((this.#references[slot] as number) === 0) {
      this.#order.held(slot)
      this.#free--
    }
    this.#references[slot] = (this.#references[slot] as number) + 1
  }

  /** An empty block with one holder, or `noSlot` when all are held. What it cached is lost. */
  take(): number {
    if (this.#emptyCount === 0 && !this.evict()) return noSlot
    const slot = this.#empty[--this.#emptyCount] as number
    this.#free--
    this.#references[slot] = 1
    return slot
  }

  /** Drops the content that the order gives up first. False when no free block has any. */
  evict(): boolean {
    const slot = this.#order.next()
    if (slot === noSlot) return false
    const key = this.#keys[slot] as number
    this.#dropContent(slot)
    this.#empty[this.#emptyCount++] = slot
    this.#evictions++
    this.#onEvict?.(key)
    return true
  }

  /** Names the content of a full, held block. False when the same content is already cached elsewhere: this copy stays nameless. */
  store(slot: number, key: number, depth: number): boolean {
    assert((this.#references[slot] as number) > 0, `expected a held block to store into, got free block ${slot}`)
    if (this.#keys[slot] !== noKey || !this.#index.claim(slot, key)) return false
    this.#cached++
    this.#order.stored(slot, key, depth)
    return true
  }

  /** One holder less. The last one frees the block; its content stays until the block is reused. */
  release(slot: number): void {
    const left = (this.#references[slot] as number) - 1
    assert(left >= 0, `expected a held block to release, got free block ${slot}`)
    this.#references[slot] = left
    if (left > 0) return
    this.#free++
    if (this.#keys[slot] === noKey) this.#empty[this.#emptyCount++] = slot
    else this.#order.freed(slot)
  }

  /** Content that is not worth keeping: the block, if free, is reused before any other. Returns the key that was lost, or `noKey`. */
  forget(slot: number): number {
    const key = this.#keys[slot] as number
    if (key === noKey) return noKey
    this.#dropContent(slot)
    if ((this.#references[slot] as number) === 0) {
      this.#order.held(slot)
      this.#empty[this.#emptyCount++] = slot
    }
    return key
  }

  /** Every free slot, for audits. */
  freeSlots(): number[] {
    return [...this.#empty.subarray(0, this.#emptyCount), ...this.#order.slots()]
  }

  #dropContent(slot: number): void {
    this.#index.delete(slot)
    this.#keys[slot] = noKey
    this.#cached--
  }
}

function orderOf(blocks: number, order: OrderName, future: PoolOptions['future']): EvictionOrder {
  if (order === 'lru') return new RecencyOrder(blocks)
  if (order !== 'foresight') return new RankedOrder(blocks, order)
  assert(future !== undefined, 'expected what will be asked for, to order by it: hand the pool a future')
  return new RankedOrder(blocks, (key) => -Math.min(future.nextUse(key), Number.MAX_SAFE_INTEGER))
}
