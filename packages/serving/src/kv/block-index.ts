/** Stands for "no block" wherever a slot is expected. */
export const noSlot = -1
/** Stands for "no content" wherever a key is expected. Real keys are whole numbers from 0 to 2^53. */
export const noKey = -1

/**
 * Finds the slot that holds a key: chains through the slots themselves, so that no step allocates, and a slot leaves its chain at once.
 * Keys live in the caller's array, by slot.
 */
export class BlockIndex {
  readonly #keys: Float64Array
  /** The first slot of each chain. */
  readonly #heads: Int32Array
  readonly #next: Int32Array
  readonly #mask: number

  constructor(keys: Float64Array) {
    let heads = 16
    while (heads < keys.length) heads *= 2
    this.#keys = keys
    this.#heads = new Int32Array(heads).fill(noSlot)
    this.#next = new Int32Array(keys.length)
    this.#mask = heads - 1
  }

  find(key: number): number {
    let slot = this.#heads[this.#home(key)] as number
    while (slot !== noSlot && this.#keys[slot] !== key) slot = this.#next[slot] as number
    return slot
  }

  /** Files `slot` under `key` and sets its key; false, and nothing done, when the key has a slot already. */
  claim(slot: number, key: number): boolean {
    const home = this.#home(key)
    const first = this.#heads[home] as number
    for (let other = first; other !== noSlot; other = this.#next[other] as number) if (this.#keys[other] === key) return false
    this.#next[slot] = first
    this.#heads[home] = slot
    this.#keys[slot] = key
    return true
  }

  /** The key of `slot` must still be set and must be in the index. */
  delete(slot: number): void {
    const home = this.#home(this.#keys[slot] as number)
    const after = this.#next[slot] as number
    let before = this.#heads[home] as number
    if (before === slot) {
      this.#heads[home] = after
      return
    }
    while (this.#next[before] !== slot) before = this.#next[before] as number
    this.#next[before] = after
  }

  /** Sixteen keys in a row have their heads in one cache line: a trace counts its blocks, and they are asked for in a row. */
  #home(key: number): number {
    const low = key | 0
    const mixed = Math.imul((low >> 4) ^ Math.imul((key * highWord) | 0, 0x85ebca6b), 0x9e3779b1)
    return (mixed ^ (mixed >>> 15) ^ (low & 15)) & this.#mask
  }
}

/** Divides by 2^32, exactly: the upper half of a key. */
const highWord = 1 / 0x100000000
