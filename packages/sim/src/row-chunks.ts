const ROW = 5
const CHUNK = 256
/** 51 rows fill a chunk; its last word names the next chunk. */
const LINK = 255

/**
 * Rows of five words in many first-in-first-out lists that share one arena. Rows of a list lie side by side in chunks of a
 * kilobyte, so filling and reading a list runs through memory in sequence. A row's position stays valid until its list is released.
 */
export class RowChunks {
  words: Int32Array = new Int32Array(CHUNK * 64)
  readonly #head: Int32Array
  readonly #write: Int32Array
  /** Chunk 0 is never handed out, so that 0 can mean none. */
  #unused = CHUNK
  #free = 0

  constructor(lists: number) {
    this.#head = new Int32Array(lists)
    this.#write = new Int32Array(lists)
  }

  /** Room for one more row at the end of a list; the caller fills it through `words`. */
  append(list: number): number {
    let row = this.#write[list] ?? 0
    if ((row & 255) === LINK || row === 0) row = this.#extend(list, row)
    this.#write[list] = row + ROW
    return row
  }

  each(list: number, visit: (row: number) => void): void {
    const end = this.#write[list] ?? 0
    let row = this.#head[list] ?? 0
    while (row !== 0 && row !== end) {
      if ((row & 255) === LINK) row = this.words[row] ?? 0
      visit(row)
      row += ROW
    }
  }

  release(list: number): void {
    const head = this.#head[list] ?? 0
    if (head === 0) return
    const tail = ((this.#write[list] ?? 0) - 1) & ~255
    this.words[tail + LINK] = this.#free
    this.#free = head
    this.#head[list] = 0
    this.#write[list] = 0
  }

  #extend(list: number, full: number): number {
    const chunk = this.#take()
    if (full === 0) this.#head[list] = chunk
    else this.words[full] = chunk
    return chunk
  }

  #take(): number {
    const chunk = this.#free
    if (chunk !== 0) {
      this.#free = this.words[chunk + LINK] ?? 0
      this.words[chunk + LINK] = 0
      return chunk
    }
    if (this.#unused === this.words.length) {
      const larger = new Int32Array(this.words.length * 2)
      larger.set(this.words)
      this.words = larger
    }
    this.#unused += CHUNK
    return this.#unused - CHUNK
  }
}
