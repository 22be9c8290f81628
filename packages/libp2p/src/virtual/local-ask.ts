import type { AnyMessage, FailureCode } from '@infermesh/kernel'
import type { LocalAnswer, LocalCall } from '@infermesh/sim'
import { AskFailed, type Host } from '../host-options.ts'

/** One call from outside the network to a host's own machine. */
export class LocalAsk {
  readonly #host: Host
  readonly #call: LocalCall<AnyMessage>
  readonly #tell: (answer: LocalAnswer<AnyMessage>) => void
  #answers: AsyncIterableIterator<AnyMessage> | undefined
  /** An answer that may yet prove to be the last one. */
  #held: AnyMessage | undefined

  constructor(host: Host, call: LocalCall<AnyMessage>, tell: (answer: LocalAnswer<AnyMessage>) => void) {
    this.#host = host
    this.#call = call
    this.#tell = tell
  }

  /** `later` runs something once all that is under way at this instant is done: by then it is known whether an answer was the last. */
  start(later: (run: () => void) => void): void {
    const { stream, message, timeout = 30_000 } = this.#call
    this.#answers = this.#host.ask(stream, message, { timeout })
    void this.#read(this.#answers, later)
  }

  cancel(): void {
    void this.#answers?.return?.()
  }

  async #read(answers: AsyncIterableIterator<AnyMessage>, later: (run: () => void) => void): Promise<void> {
    try {
      for await (const message of answers) {
        this.#flush(false)
        this.#held = message
        later(() => this.#flush(false))
      }
      this.#flush(true)
    } catch (error) {
      this.#flush(false)
      this.#tell({ type: 'failed', failure: { code: codeOf(error), detail: error instanceof Error ? error.message : String(error) } })
    }
  }

  #flush(last: boolean): void {
    const message = this.#held
    this.#held = undefined
    if (message !== undefined) this.#tell({ type: 'response', message, last })
  }
}

function codeOf(error: unknown): FailureCode {
  if (!(error instanceof AskFailed)) return 'lost'
  return error.code === 'stopped' ? 'lost' : error.code
}
