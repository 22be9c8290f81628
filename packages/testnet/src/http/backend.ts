/** What answers the OpenAI-compatible routes: a testnet's gateway, or anything else that serves models. */
export interface ChatBackend {
  models(): Promise<readonly ModelInfo[]>
  /**
   * Any number of `text`, then one `done` or `error`; what follows is ignored. Each is forwarded as it comes. When the client
   * leaves, `signal` fires and the iterator's `return` is called.
   */
  complete(request: ChatRequest, signal: AbortSignal): AsyncIterable<CompletionEvent>
}

export interface ModelInfo {
  readonly id: string
  /** Unix seconds. */
  readonly created: number
  readonly ownedBy: string
  /** Shown beside OpenAI's fields under `infermesh`. */
  readonly details?: Readonly<Record<string, unknown>>
}

export interface ChatMessage {
  readonly role: string
  /** The parts of a message in parts, joined. */
  readonly content: string
}

/** A validated request. An absent field was absent in the body. */
export interface ChatRequest {
  /** Named in the answer's `x-request-id` header and, as `id`, in every chunk. */
  readonly requestId: string
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly seed?: number
  readonly stop?: readonly string[]
  readonly user?: string
  /** The answer's words are shown as they come, and none can be taken back. */
  readonly stream?: boolean
  /** The bearer token, whatever it is. */
  readonly apiKey?: string
  /** W3C trace context. */
  readonly traceparent?: string
  /** Every other field of the body, untouched. */
  readonly extra: Readonly<Record<string, unknown>>
}

export type CompletionEvent =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'done'
      readonly finishReason: 'stop' | 'length' | 'content_filter'
      readonly usage: CompletionUsage
      readonly receiptId?: string
    }
  | { readonly type: 'error'; readonly error: ApiError }

export interface CompletionUsage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Of the prompt's tokens, those that were still in the operator's memory. */
  readonly cachedTokens?: number
}

/** What the client is told: OpenAI's error fields, and the HTTP status when nothing has been sent yet. */
export interface ApiError {
  readonly status: 400 | 401 | 403 | 404 | 408 | 409 | 413 | 422 | 429 | 500 | 502 | 503 | 504
  readonly code: string
  readonly type: string
  readonly message: string
  readonly param?: string
  readonly retryAfterSeconds?: number
}
