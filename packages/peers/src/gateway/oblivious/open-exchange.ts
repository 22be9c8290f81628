import type { Amount } from '@infermesh/kernel'
import type { AnswerContent } from './answer-content.ts'
import type { AnswerStream } from './answer-stream.ts'
import type { Payment } from './till.ts'

/** One sealed request that is being answered. */
export class OpenExchange {
  /** The relay's call. */
  readonly id: string
  readonly sealed: string
  readonly content: AnswerContent
  readonly stream: AnswerStream
  /** Of the request that the gateway signed for it. */
  requestId: string | undefined
  /** Locked, and not yet kept or given back. */
  payment: Payment | undefined
  cost: Amount = 0

  constructor(parts: Pick<OpenExchange, 'id' | 'sealed' | 'content' | 'stream'>) {
    this.id = parts.id
    this.sealed = parts.sealed
    this.content = parts.content
    this.stream = parts.stream
  }
}
