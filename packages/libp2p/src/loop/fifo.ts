/** First in, first out, in constant time whatever its length. */
export class Fifo<T> {
  #items: T[] = []
  #head = 0

  size(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (this.#head >= this.#items.length) return undefined
    this.#head++
    if (this.#head === this.#items.length) this.clear()
    else if (this.#head >= COMPACT_AT && this.#head * 2 > this.#items.length) this.#compact()
    return item
  }

  /** Takes out the first item that matches, wherever it stands. */
  remove(matches: (item: T) => boolean): T | undefined {
    for (let index = this.#head; index < this.#items.length; index++) {
      const item = this.#items[index]
      if (item !== undefined && matches(item)) {
        this.#items.splice(index, 1)
        if (this.size() === 0) this.clear()
        return item
      }
    }
    return undefined
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}

const COMPACT_AT = 256
