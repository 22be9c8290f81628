import type { PeerTrace } from './channel.ts'

export interface TraceLimits {
  /** A batch of this size is sent at once. */
  readonly batch: number
  /** Records given to the channel and not yet taken by it. Beyond, records are dropped and counted. */
  readonly unsent: number
}

const defaults: TraceLimits = { batch: 200, unsent: 50_000 }

/** Hands a batch to the channel and calls `taken` when the channel has it. */
export type SendBatch = (batch: readonly PeerTrace[], taken: () => void) => void

/**
 * Gathers a process's trace and sends it at the end of each turn of the event loop, or at 200 records. The channel takes a
 * batch into the kernel's socket buffer in the call itself, so a SIGKILL costs at most what the loop's last turn emitted.
 */
export class TraceBatch {
  readonly #send: SendBatch
  readonly #limits: TraceLimits
  #batch: PeerTrace[] = []
  #unsent = 0
  #dropped = 0
  #flush: NodeJS.Immediate | undefined

  constructor(send: SendBatch, limits: TraceLimits = defaults) {
    this.#send = send
    this.#limits = limits
  }

  add(record: PeerTrace): void {
    if (this.#unsent + this.#batch.length >= this.#limits.unsent) {
      this.#dropped++
      return
    }
    if (this.#dropped > 0) this.#reportDropped(record)
    this.#batch.push(record)
    if (this.#batch.length >= this.#limits.batch) this.flush()
    else this.#flush ??= setImmediate(() => this.flush())
  }

  flush(): void {
    clearImmediate(this.#flush)
    this.#flush = undefined
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    this.#unsent += batch.length
    this.#send(batch, () => {
      this.#unsent -= batch.length
    })
  }

  #reportDropped(next: PeerTrace): void {
    const event = { type: 'dropped', queue: 'trace', count: this.#dropped }
    this.#dropped = 0
    this.#batch.push({ peer: next.peer, at: next.at, event })
  }
}
