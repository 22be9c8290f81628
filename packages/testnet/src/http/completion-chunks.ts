import { internalError, unfinished } from './api-error.ts'
import type { CompletionEvent, CompletionUsage } from './backend.ts'

/** What all chunks of one answer have in common. */
export interface AnswerHead {
  readonly id: string
  readonly model: string
  /** Unix seconds. */
  readonly created: number
}

export type Done = CompletionEvent & { readonly type: 'done' }

/** The whole answer as one object. */
export function wholeCompletion(head: AnswerHead, text: string, done: Done): object {
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: done.finishReason }],
    usage: usageBody(done.usage),
    infermesh: traces(head, done),
  }
}

/** Builds the chunks of a streamed answer. With `includeUsage` each has a `usage`, null in all but the last. */
export class ChunkWriter {
  readonly #head: AnswerHead
  readonly #includeUsage: boolean

  constructor(head: AnswerHead, includeUsage: boolean) {
    this.#head = head
    this.#includeUsage = includeUsage
  }

  first(): object {
    return this.#chunk([choice({ role: 'assistant', content: '' }, null)])
  }

  text(text: string): object {
    return this.#chunk([choice({ content: text }, null)])
  }

  /** The chunks that end the answer. The last one names the receipt. */
  last(done: Done): readonly object[] {
    const finish = this.#chunk([choice({}, done.finishReason)])
    const infermesh = traces(this.#head, done)
    if (!this.#includeUsage) return [{ ...finish, infermesh }]
    return [finish, { ...this.#chunk([]), usage: usageBody(done.usage), infermesh }]
  }

  #chunk(choices: readonly object[]): object {
    const { id, model, created } = this.#head
    const chunk = { id, object: 'chat.completion.chunk', created, model, choices }
    return this.#includeUsage ? { ...chunk, usage: null } : chunk
  }
}

/** Turns whatever a backend does into a sequence with exactly one end: a throw or a missing end becomes an error event. */
export async function* wellFormed(events: AsyncIterable<CompletionEvent>): AsyncGenerator<CompletionEvent, undefined> {
  try {
    for await (const event of events) {
      yield event
      if (event.type !== 'text') return undefined
    }
    yield { type: 'error', error: unfinished }
  } catch (error) {
    yield { type: 'error', error: internalError(error) }
  }
  return undefined
}

function choice(delta: object, finishReason: Done['finishReason'] | null): object {
  return { index: 0, delta, logprobs: null, finish_reason: finishReason }
}

function traces(head: AnswerHead, done: Done): object {
  return { request_id: head.id, receipt_id: done.receiptId ?? null }
}

function usageBody({ promptTokens, completionTokens, cachedTokens }: CompletionUsage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens ?? 0 },
  }
}
