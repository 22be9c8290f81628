import { noSlot } from './block-index.ts'

/** Which free block loses its content next. Blocks without content are the pool's own affair. */
export interface EvictionOrder {
  /** New content was put into a held block. */
  stored(slot: number, key: number, depth: number): void
  /** A request matched the block and holds it. */
  used(slot: number, key: number, depth: number): void
  /** The last holder let go. */
  freed(slot: number): void
  /** A free block is held again, or lost its content. */
  held(slot: number): void
  /** The block to reuse, or `noSlot`; it leaves the order. */
  next(): number
  /** Every slot in the order: for audits. */
  slots(): number[]
}

/** Least recently released first: a linked list inside two arrays, every step O(1). */
export class RecencyOrder implements EvictionOrder {
  readonly #previous: Int32Array
  readonly #next: Int32Array
  readonly #sentinel: number

  constructor(blocks: number) {
    this.#sentinel = blocks
    this.#previous = new Int32Array(blocks + 1).fill(noSlot)
    this.#next = new Int32Array(blocks + 1).fill(noSlot)
    this.#previous[blocks] = blocks
    this.#next[blocks] = blocks
  }

  stored(): void {}
  used(): void {}

  freed(slot: number): void {
    const last = this.#previous[this.#sentinel] as number
    this.#previous[slot] = last
    this.#next[slot] = this.#sentinel
    this.#next[last] = slot
    this.#previous[this.#sentinel] = slot
  }

  held(slot: number): void {
    const before = this.#previous[slot] as number
    const after = this.#next[slot] as number
    this.#next[before] = after
    this.#previous[after] = before
  }

  next(): number {
    const first = this.#next[this.#sentinel] as number
    if (first === this.#sentinel) return noSlot
    this.held(first)
    return first
  }

  slots(): number[] {
    const slots: number[] = []
    for (let slot = this.#next[this.#sentinel] as number; slot !== this.#sentinel; slot = this.#next[slot] as number) slots.push(slot)
    return slots
  }
}
