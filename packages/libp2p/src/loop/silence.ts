import type { Millis } from '@infermesh/kernel'
import type { HostContext } from '../host-context.ts'

/** Calls back once nothing was heard for a while. One timer that looks back, instead of a new one for each token. */
export class Silence {
  readonly #context: Pick<HostContext, 'now' | 'timers'>
  readonly #limit: Millis
  readonly #onSilent: () => void
  #heardAt: Millis
  #unset: () => void

  constructor(context: Pick<HostContext, 'now' | 'timers'>, limit: Millis, onSilent: () => void) {
    this.#context = context
    this.#limit = limit
    this.#onSilent = onSilent
    this.#heardAt = context.now()
    this.#unset = this.#watch(limit)
  }

  heard(): void {
    this.#heardAt = this.#context.now()
  }

  stop(): void {
    this.#unset()
  }

  #watch(delay: Millis): () => void {
    return this.#context.timers.after(delay, () => {
      const silent = this.#context.now() - this.#heardAt
      if (silent < this.#limit) this.#unset = this.#watch(this.#limit - silent)
      else this.#onSilent()
    })
  }
}
