import { noSlot } from './block-index.ts'

/** Which free block loses its content next. Blocks without content are the pool's own affair. */
export interface EvictionOrder {
  /** New content was put into a held block. */
  stored(slot: number, key: number, depth: number): void
  /** A request matched the block and holds it. */
  used(slot: number, key: number): void
  /** The last holder let go. */
  freed(slot: number): void
  /** A free block is held again, or lost its content. */
  held(slot: number): void
  /** The block to reuse, or `noSlot`; it leaves the order. */
  next(): number
  /** Every slot in the order: for audits. */
  slots(): number[]
}

/** Least recently released first: a linked list inside one array, each slot's neighbours side by side; every step is O(1). */
export class RecencyOrder implements EvictionOrder {
  /** The slot before, then the slot after, for each slot and at last for the sentinel. */
  readonly #neighbours: Int32Array
  readonly #sentinel: number

  constructor(blocks: number) {
    this.#sentinel = blocks
    this.#neighbours = new Int32Array(2 * (blocks + 1)).fill(noSlot)
    this.#neighbours.fill(blocks, 2 * blocks)
  }

  stored(): void {}
  used(): void {}

  freed(slot: number): void {
    const neighbours = this.#neighbours
    const sentinel = this.#sentinel
    const last = neighbours[2 * sentinel] as number
    neighbours[2 * slot] = last
    neighbours[2 * slot + 1] = sentinel
    neighbours[2 * last + 1] = slot
    neighbours[2 * sentinel] = slot
  }

  held(slot: number): void {
    const neighbours = this.#neighbours
    const before = neighbours[2 * slot] as number
    const after = neighbours[2 * slot + 1] as number
    neighbours[2 * before + 1] = after
    neighbours[2 * after] = before
  }

  next(): number {
    const first = this.#neighbours[2 * this.#sentinel + 1] as number
    if (first === this.#sentinel) return noSlot
    this.held(first)
    return first
  }

  slots(): number[] {
    const slots: number[] = []
    const after = (slot: number): number => this.#neighbours[2 * slot + 1] as number
    for (let slot = after(this.#sentinel); slot !== this.#sentinel; slot = after(slot)) slots.push(slot)
    return slots
  }
}
