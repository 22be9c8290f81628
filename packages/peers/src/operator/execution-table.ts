import type { Execution } from './execution.ts'
import type { Attempt } from './execution-check.ts'

/** Executions in order of arrival, found by name and by the calls that hear them. */
export class ExecutionTable {
  readonly #all = new Map<string, Execution>()
  readonly #byListener = new Map<string, Execution>()

  size(): number {
    return this.#all.size
  }

  get(id: string): Execution | undefined {
    return this.#all.get(id)
  }

  all(): readonly Execution[] {
    return [...this.#all.values()]
  }

  /** The one that does the same work already, under the same right. */
  same({ opened, dispatch }: Attempt): Execution | undefined {
    for (const execution of this.#all.values()) {
      if (execution.opened.requestId !== opened.requestId) continue
      if (execution.dispatch.payload.epoch === dispatch.payload.epoch) return execution
    }
    return undefined
  }

  add(execution: Execution): void {
    this.#all.set(execution.id, execution)
    for (const listener of execution.listeners) this.#byListener.set(listener, execution)
  }

  listen(execution: Execution, listener: string): void {
    execution.listeners.add(listener)
    this.#byListener.set(listener, execution)
  }

  /** A call is over. Returns the execution that nobody hears any more. */
  unlisten(listener: string): Execution | undefined {
    const execution = this.#byListener.get(listener)
    this.#byListener.delete(listener)
    execution?.listeners.delete(listener)
    return execution?.listeners.size === 0 ? execution : undefined
  }

  remove({ id, listeners }: Execution): void {
    this.#all.delete(id)
    for (const listener of listeners) this.#byListener.delete(listener)
  }
}
