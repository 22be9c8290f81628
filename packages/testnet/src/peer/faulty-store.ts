import { type DiskFaultSpec, type Store, StoreFailed } from '@infermesh/libp2p'

/** A peer's disk as faults leave it: what a store promises, until one of them breaks the promise. */
export class FaultyStore implements Store {
  readonly #inner: Store
  readonly #peer: string
  readonly #onSaved: (ms: number) => void
  #fault: DiskFaultSpec | undefined
  /** What a lossy disk has not written yet; undefined is a forgotten value. */
  #unwritten = new Map<string, Uint8Array | undefined>()

  /** `onSaved` is told how long each save took, in ms. */
  constructor(inner: Store, peer: string, onSaved: (ms: number) => void) {
    this.#inner = inner
    this.#peer = peer
    this.#onSaved = onSaved
  }

  load(): Map<string, Uint8Array> {
    return this.#inner.load()
  }

  save(key: string, value: Uint8Array): void {
    const fault = this.#fault
    if (fault?.type === 'full') throw this.#failed('the disk is full')
    if (fault?.type === 'torn') {
      this.#inner.save(key, value.slice(0, value.length >>> 1))
      throw this.#failed('the disk tore a write')
    }
    this.#write(key, value.slice())
  }

  forget(key: string): void {
    this.#write(key, undefined)
  }

  close(): void {
    this.#sync()
    this.#inner.close()
  }

  /** A mended disk keeps what it holds. */
  spoil(fault: DiskFaultSpec | undefined): void {
    this.#sync()
    this.#fault = fault
  }

  #write(key: string, value: Uint8Array | undefined): void {
    const begun = performance.now()
    if (this.#fault?.type === 'lossy') this.#unwritten.set(key, value)
    else this.#writeThrough(key, value)
    if (this.#fault?.type === 'slow') standStill(this.#fault.by)
    this.#onSaved(performance.now() - begun)
  }

  #writeThrough(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#inner.forget(key)
    else this.#inner.save(key, value)
  }

  #sync(): void {
    for (const [key, value] of this.#unwritten) this.#writeThrough(key, value)
    this.#unwritten = new Map()
  }

  #failed(reason: string): StoreFailed {
    return new StoreFailed(`cannot write the store of ${this.#peer}: ${reason}`)
  }
}

/** A save is synchronous: while the disk is busy, so is the whole process. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
