export interface LinkOptions {
  readonly bytesPerSecond: number
  readonly baseMs: number
  readonly serversPerDirection: number
}

/** Transfers in one direction: each takes the server that is free first, and has its whole speed. */
export class TransferQueue {
  readonly #link: LinkOptions
  readonly #freeAt: number[]

  constructor(link: LinkOptions) {
    this.#link = link
    this.#freeAt = new Array(link.serversPerDirection).fill(0)
  }

  /** Queues a transfer and says when it ends, in milliseconds. */
  move(bytes: number, now: number): number {
    const freeAt = Math.min(...this.#freeAt)
    const doneAt = Math.max(now, freeAt) + this.#link.baseMs + (bytes / this.#link.bytesPerSecond) * 1000
    this.#freeAt[this.#freeAt.indexOf(freeAt)] = doneAt
    return doneAt
  }
}
