/** Work that has left the thread. Virtual time stands still until all of it is back. */
export class PendingWork {
  #count = 0

  isEmpty(): boolean {
    return this.#count === 0
  }

  /** The same promise; the clock waits for it. */
  hold<T>(work: Promise<T>): Promise<T> {
    this.#count++
    const done = () => {
      this.#count--
    }
    work.then(done, done)
    return work
  }
}
