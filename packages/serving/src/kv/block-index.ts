/** Stands for "no block" wherever a slot is expected. */
export const noSlot = -1
/** Stands for "no content" wherever a key is expected. Real keys are whole numbers from 0 to 2^53. */
export const noKey = -1

/**
 * Finds the slot that holds a key: open addressing over one Int32Array, so a look-up allocates nothing.
 * Keys live in the caller's array, by slot. Deletion shifts the followers back and leaves no tombstones.
 */
export class BlockIndex {
  readonly #keys: Float64Array
  readonly #cells: Int32Array
  readonly #mask: number

  constructor(keys: Float64Array) {
    let cells = 16
    while (cells < keys.length * 2) cells *= 2
    this.#keys = keys
    this.#cells = new Int32Array(cells).fill(noSlot)
    this.#mask = cells - 1
  }

  find(key: number): number {
    let cell = this.#home(key)
    for (;;) {
      const slot = this.#cells[cell] as number
      if (slot === noSlot || this.#keys[slot] === key) return slot
      cell = (cell + 1) & this.#mask
    }
  }

  /** The key of `slot` must be set already and must not be in the index. */
  insert(slot: number): void {
    let cell = this.#home(this.#keys[slot] as number)
    while (this.#cells[cell] !== noSlot) cell = (cell + 1) & this.#mask
    this.#cells[cell] = slot
  }

  /** The key of `slot` must still be set and must be in the index. */
  delete(slot: number): void {
    let hole = this.#home(this.#keys[slot] as number)
    while (this.#cells[hole] !== slot) hole = (hole + 1) & this.#mask
    let cell = hole
    for (;;) {
      cell = (cell + 1) & this.#mask
      const follower = this.#cells[cell] as number
      if (follower === noSlot) break
      const home = this.#home(this.#keys[follower] as number)
      if (((cell - home) & this.#mask) < ((cell - hole) & this.#mask)) continue
      this.#cells[hole] = follower
      hole = cell
    }
    this.#cells[hole] = noSlot
  }

  #home(key: number): number {
    const mixed = Math.imul((key | 0) ^ Math.imul((key / 0x100000000) | 0, 0x85ebca6b), 0x9e3779b1)
    return (mixed ^ (mixed >>> 15)) & this.#mask
  }
}
