import type { AnyMessage, Millis } from '@infermesh/kernel'
import { pushable } from 'it-pushable'
import type { HostContext } from '../host-context.ts'
import { AskFailed, type AskOptions } from '../host-options.ts'
import type { RequestTable } from '../streams/request-table.ts'
import { Silence } from './silence.ts'

export interface LocalRequest {
  readonly stream: string
  readonly message: AnyMessage
  readonly options: AskOptions
}

/** Requests that come from within the process: the machine can't tell them from those of a peer. */
export class Asks {
  readonly #context: HostContext
  readonly #requests: RequestTable
  readonly #end = new Set<(error: AskFailed) => void>()
  #stopped = false

  constructor(context: HostContext, requests: RequestTable) {
    this.#context = context
    this.#requests = requests
  }

  open(request: LocalRequest): AsyncIterableIterator<AnyMessage> {
    const { askAnswersMax } = this.#context.limits
    const silence = this.#watch(request.options.timeout, (error) => end(error))
    const answers = pushable<AnyMessage>({
      objectMode: true,
      onEnd: () => {
        silence?.stop()
        this.#end.delete(end)
        this.#requests.cancel(id)
      },
    })
    const end = (error: AskFailed) => answers.end(error)
    const id = this.#requests.register({
      peer: request.options.from ?? this.#context.self,
      answer: (message, last) => {
        silence?.heard()
        if (answers.readableLength >= askAnswersMax) return false
        answers.push(message)
        if (last) answers.end()
        return true
      },
      refuse: (failure) => end(new AskFailed('overflow', failure.detail)),
    })
    if (this.#stopped) {
      end(new AskFailed('stopped', 'the host has stopped'))
      return answers
    }
    this.#end.add(end)
    this.#requests.deliver(id, request.stream, request.message)
    return answers
  }

  #watch(timeout: Millis | undefined, end: (error: AskFailed) => void): Silence | undefined {
    if (timeout === undefined) return undefined
    return new Silence(this.#context, timeout, () => end(new AskFailed('timeout', `the machine was silent for ${timeout} ms`)))
  }

  stop(): void {
    this.#stopped = true
    for (const end of [...this.#end]) end(new AskFailed('stopped', 'the host has stopped'))
  }
}
