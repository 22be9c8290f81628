/** A set of small whole numbers in one bit each, with a fast step to the next member. */
export class SlotSet {
  readonly #words: Int32Array

  constructor(size: number) {
    this.#words = new Int32Array((size + 31) >>> 5)
  }

  add(slot: number): void {
    const words = this.#words
    words[slot >>> 5] = (words[slot >>> 5] ?? 0) | (1 << (slot & 31))
  }

  delete(slot: number): void {
    const words = this.#words
    words[slot >>> 5] = (words[slot >>> 5] ?? 0) & ~(1 << (slot & 31))
  }

  has(slot: number): boolean {
    return ((this.#words[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0
  }

  /** The smallest member that is at least `from`, or -1. */
  next(from: number): number {
    const words = this.#words
    const start = from < 0 ? 0 : from
    let index = start >>> 5
    let word = (words[index] ?? 0) & (-1 << (start & 31))
    while (word === 0) {
      index++
      if (index >= words.length) return -1
      word = words[index] ?? 0
    }
    return (index << 5) + 31 - Math.clz32(word & -word)
  }
}
