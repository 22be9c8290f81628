import { noSlot } from './block-index.ts'
import type { EvictionOrder } from './eviction-order.ts'

/** Names an order by rank: smallest rank first, ties by time of release. */
export type RankRule = 'fifo' | 'lfu-remembered' | 'lfu-in-cache' | 'length-aware'

/** A rank of one's own, asked for at each use. */
export type RankOf = (key: number) => number

/**
 * First in first out, least frequently used (counts kept after eviction, or not), and least frequently used with deeper blocks first.
 * A binary heap with positions: O(log n) for each block that becomes free or held.
 */
export class RankedOrder implements EvictionOrder {
  readonly #rule: RankRule | RankOf
  readonly #heap: Int32Array
  readonly #position: Int32Array
  readonly #rank: Float64Array
  readonly #depth: Float64Array
  readonly #released: Float64Array
  readonly #count: Float64Array
  readonly #remembered = new Map<number, number>()
  #size = 0
  #clock = 0

  constructor(blocks: number, rule: RankRule | RankOf) {
    this.#rule = rule
    this.#heap = new Int32Array(blocks)
    this.#position = new Int32Array(blocks).fill(noSlot)
    this.#rank = new Float64Array(blocks)
    this.#depth = new Float64Array(blocks)
    this.#released = new Float64Array(blocks)
    this.#count = new Float64Array(blocks)
  }

  stored(slot: number, key: number, depth: number): void {
    this.#count[slot] = 0
    this.#depth[slot] = this.#rule === 'length-aware' || typeof this.#rule === 'function' ? depth : 0
    if (this.#rule === 'fifo') this.#rank[slot] = unranked
    this.used(slot, key)
  }

  used(slot: number, key: number): void {
    if (this.#rule === 'fifo') return
    if (typeof this.#rule === 'function') {
      this.#rank[slot] = this.#rule(key)
      return
    }
    const before = this.#rule === 'lfu-in-cache' ? (this.#count[slot] as number) : (this.#remembered.get(key) ?? 0)
    this.#count[slot] = before + 1
    if (this.#rule !== 'lfu-in-cache') this.#remembered.set(key, before + 1)
    this.#rank[slot] = before + 1
  }

  freed(slot: number): void {
    // Age counts from the first release, so that the tail of a request is older than its front.
    if (this.#rank[slot] === unranked) this.#rank[slot] = this.#clock++
    this.#released[slot] = this.#clock++
    this.#place(slot, this.#size++)
    this.#rise(slot)
  }

  held(slot: number): void {
    const hole = this.#position[slot] as number
    this.#position[slot] = noSlot
    const last = this.#heap[--this.#size] as number
    if (last === slot) return
    this.#place(last, hole)
    this.#rise(last)
    this.#sink(last)
  }

  next(): number {
    if (this.#size === 0) return noSlot
    const first = this.#heap[0] as number
    this.held(first)
    return first
  }

  slots(): number[] {
    return [...this.#heap.subarray(0, this.#size)]
  }

  #place(slot: number, position: number): void {
    this.#heap[position] = slot
    this.#position[slot] = position
  }

  #goesBefore(left: number, right: number): boolean {
    const byRank = (this.#rank[left] as number) - (this.#rank[right] as number)
    if (byRank !== 0) return byRank < 0
    const byDepth = (this.#depth[right] as number) - (this.#depth[left] as number)
    if (byDepth !== 0) return byDepth < 0
    return (this.#released[left] as number) < (this.#released[right] as number)
  }

  #rise(slot: number): void {
    let position = this.#position[slot] as number
    while (position > 0) {
      const parent = this.#heap[(position - 1) >> 1] as number
      if (!this.#goesBefore(slot, parent)) break
      this.#place(parent, position)
      position = (position - 1) >> 1
    }
    this.#place(slot, position)
  }

  #sink(slot: number): void {
    let position = this.#position[slot] as number
    for (let left = 2 * position + 1; left < this.#size; left = 2 * position + 1) {
      let child = this.#heap[left] as number
      const right = left + 1 < this.#size ? (this.#heap[left + 1] as number) : child
      if (this.#goesBefore(right, child)) child = right
      if (!this.#goesBefore(child, slot)) break
      const freed = this.#position[child] as number
      this.#place(child, position)
      position = freed
    }
    this.#place(slot, position)
  }
}

const unranked = Number.POSITIVE_INFINITY
