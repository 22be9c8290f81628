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

  /** When a transfer that is queued now would end, in milliseconds. */
  endOf(bytes: number, now: number): number {
    return Math.max(now, Math.min(...this.#freeAt)) + this.#link.baseMs + (bytes / this.#link.bytesPerSecond) * 1000
  }

  /** Queues a transfer and says when it ends. */
  move(bytes: number, now: number): number {
    const doneAt = this.endOf(bytes, now)
    this.#freeAt[this.#freeAt.indexOf(Math.min(...this.#freeAt))] = doneAt
    return doneAt
  }
}
