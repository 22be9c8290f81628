import type { Millis, TimerKey } from '@infermesh/kernel'
import type { HostContext } from '../host-context.ts'

/** The machine's timers: one for each key, setting anew replaces. They end with the host. */
export class TimerTable {
  readonly #context: Pick<HostContext, 'now' | 'timers'>
  readonly #fire: (key: TimerKey) => void
  readonly #unset = new Map<TimerKey, () => void>()

  constructor(context: Pick<HostContext, 'now' | 'timers'>, fire: (key: TimerKey) => void) {
    this.#context = context
    this.#fire = fire
  }

  set(key: TimerKey, after: Millis): void {
    this.clear(key)
    this.#arm(key, this.#context.now() + after)
  }

  clear(key: TimerKey): void {
    this.#unset.get(key)?.()
    this.#unset.delete(key)
  }

  // A runtime's timer may fire a little early by the machine's clock, which would see its own deadline not reached.
  #arm(key: TimerKey, due: Millis): void {
    const unset = this.#context.timers.after(due - this.#context.now(), () => {
      this.#unset.delete(key)
      if (this.#context.now() < due) this.#arm(key, due)
      else this.#fire(key)
    })
    this.#unset.set(key, unset)
  }

  stop(): void {
    for (const unset of this.#unset.values()) unset()
    this.#unset.clear()
  }
}
