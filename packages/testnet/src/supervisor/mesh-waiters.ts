import type { Millis } from '@infermesh/kernel'
import type { MeshWatch } from './mesh-watch.ts'

/** Those who wait for the network to stand. Looks again once for all the news of a turn of the event loop. */
export class MeshWaiters {
  readonly #mesh: MeshWatch
  readonly #onFirst: (peers: number) => void
  readonly #waiting = new Set<() => void>()
  #look: NodeJS.Immediate | undefined
  #wasReady = false
  #closed = false

  /** `onFirst` is called once, when the network stands for the first time. */
  constructor(mesh: MeshWatch, onFirst: (peers: number) => void) {
    this.#mesh = mesh
    this.#onFirst = onFirst
  }

  check(): void {
    if (this.#closed || (this.#wasReady && this.#waiting.size === 0)) return
    this.#look ??= setImmediate(() => this.#onLook())
  }

  async wait(timeout: Millis): Promise<void> {
    const ready = Promise.withResolvers<void>()
    const timer = setTimeout(() => ready.reject(new Error(this.#lacking(timeout))), timeout)
    this.#waiting.add(ready.resolve)
    this.check()
    try {
      await ready.promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(ready.resolve)
    }
  }

  close(): void {
    this.#closed = true
    clearImmediate(this.#look)
  }

  #onLook(): void {
    this.#look = undefined
    if (this.#mesh.running() === 0 || this.#mesh.missing(1).length > 0) return
    if (!this.#wasReady) this.#onFirst(this.#mesh.running())
    this.#wasReady = true
    for (const resolve of this.#waiting) resolve()
  }

  #lacking(timeout: Millis): string {
    const lines = this.#mesh.missing(limit)
    const more = lines.length === limit ? '\n  and perhaps more' : ''
    return `expected the network to stand within ${timeout} ms, but:\n  ${lines.join('\n  ')}${more}`
  }
}

const limit = 10
