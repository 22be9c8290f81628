import type { Millis } from '@infermesh/kernel'
import type { DiskFaultSpec } from '@infermesh/sim'
import type { Store } from '../store/store.ts'

/** The disk took the peer down. */
export class DiskCrash extends Error {
  override readonly name = 'DiskCrash'
}

/** A peer's disk: outlives the peer's lives, and can be spoilt. */
export class StackStore implements Store {
  #values = new Map<string, Uint8Array>()
  #fault: DiskFaultSpec | undefined
  #isDamaged = false
  /** What a lossy disk really holds. */
  #synced: ReadonlyMap<string, Uint8Array> = new Map()
  readonly #onBusy: (by: Millis) => void

  /** `onBusy` is told how long each write keeps the peer waiting. */
  constructor(onBusy: (by: Millis) => void) {
    this.#onBusy = onBusy
  }

  load(): Map<string, Uint8Array> {
    return new Map(this.#values)
  }

  save(key: string, value: Uint8Array): void {
    const fault = this.#fault
    if (fault?.type === 'full') throw new DiskCrash('the disk is full')
    this.#values.set(key, fault?.type === 'torn' ? value.slice(0, value.length >>> 1) : value.slice())
    if (fault?.type === 'torn') {
      this.#fault = undefined
      this.#isDamaged = true
      throw new DiskCrash('the disk tore a write')
    }
    this.#wait()
  }

  forget(key: string): void {
    this.#values.delete(key)
    this.#wait()
  }

  close(): void {
    // Nothing is held open.
  }

  spoil(fault: DiskFaultSpec | undefined): void {
    this.#fault = fault
    this.sync()
  }

  /** From now on a lossy disk keeps what it holds. */
  sync(): void {
    if (this.#fault?.type === 'lossy') this.#synced = new Map(this.#values)
  }

  /** What a crash does to the disk. */
  onCrash(): void {
    if (this.#fault?.type === 'lossy') this.#values = new Map(this.#synced)
  }

  /** A write was torn: a peer may rightly refuse to start from here. */
  isDamaged(): boolean {
    return this.#isDamaged
  }

  wipe(): void {
    this.#isDamaged = false
    this.#values = new Map()
  }

  #wait(): void {
    if (this.#fault?.type === 'slow') this.#onBusy(this.#fault.by)
  }
}
