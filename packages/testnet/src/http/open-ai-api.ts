import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { errorBody, errorResponse, internalError, modelNotFound, unfinished } from './api-error.ts'
import type { ApiError, ChatBackend, CompletionEvent, ModelInfo } from './backend.ts'
import { chatRequest, parseChatBody } from './chat-body.ts'
import { type AnswerHead, ChunkWriter, wellFormed, wholeCompletion } from './completion-chunks.ts'

export interface OpenAiApiOptions {
  /** Names a request; the default is `chatcmpl-` and a random UUID. */
  readonly newRequestId?: () => string
  /** Largest body, in bytes. Default 8 MiB. */
  readonly bodyBytesMax?: number
}

/** OpenAI's chat completion and model routes over any backend, for unmodified OpenAI clients. */
export function openAiApi(backend: ChatBackend, options: OpenAiApiOptions = {}): Hono {
  const { newRequestId = () => `chatcmpl-${randomUUID()}`, bodyBytesMax = 8 * 1024 * 1024 } = options
  const app = new Hono()
  app.get('/v1/models', async (context) => {
    const models = await backend.models()
    return context.json({ object: 'list', data: models.map(modelBody) })
  })
  app.get('/v1/models/:id{.+}', async (context) => {
    const id = context.req.param('id')
    const model = (await backend.models()).find((candidate) => candidate.id === id)
    return model ? context.json(modelBody(model)) : errorResponse(context, modelNotFound(id))
  })
  const limit = bodyLimit({ maxSize: bodyBytesMax, onError: (context) => errorResponse(context, tooLarge(bodyBytesMax)) })
  app.post('/v1/chat/completions', limit, (context) => answerChat(context, backend, newRequestId()))
  app.notFound((context) => errorResponse(context, noRoute(context)))
  app.onError((error, context) => errorResponse(context, internalError(error)))
  return app
}

async function answerChat(context: Context, backend: ChatBackend, requestId: string): Promise<Response> {
  context.header('x-request-id', requestId)
  const json = await context.req.json().catch((error: unknown) => (error instanceof SyntaxError ? error : Promise.reject(error)))
  if (json instanceof SyntaxError) return errorResponse(context, notJson(json))
  const parsed = parseChatBody(json)
  if (!parsed.ok) return errorResponse(context, parsed.error)

  const { body } = parsed
  const abort = new AbortController()
  context.req.raw.signal.addEventListener('abort', () => abort.abort(), { once: true })
  const request = chatRequest(body, { requestId, ...headersOf(context) })
  const events = wellFormed(backend.complete(request, abort.signal))
  const head: AnswerHead = { id: requestId, model: body.model, created: Math.floor(Date.now() / 1000) }
  if (!body.stream) return answerWhole(context, head, events)
  return answerStream(context, events, { abort, chunks: new ChunkWriter(head, body.stream_options?.include_usage === true) })
}

async function answerWhole(context: Context, head: AnswerHead, events: AsyncIterable<CompletionEvent>): Promise<Response> {
  let text = ''
  for await (const event of events) {
    if (event.type === 'error') return errorResponse(context, event.error)
    if (event.type === 'text') {
      text += event.text
      continue
    }
    if (event.receiptId !== undefined) context.header('x-infermesh-receipt', event.receiptId)
    return context.json(wholeCompletion(head, text, event))
  }
  return errorResponse(context, unfinished)
}

interface AnswerStream {
  readonly abort: AbortController
  readonly chunks: ChunkWriter
}

/** The status waits for the first event, so that a request refused at once gets its own status and not a broken stream. */
async function answerStream(context: Context, events: AsyncGenerator<CompletionEvent>, stream: AnswerStream): Promise<Response> {
  const { abort, chunks } = stream
  const first = await events.next()
  if (first.done) return errorResponse(context, unfinished)
  if (first.value.type === 'error') return errorResponse(context, first.value.error)

  let next: CompletionEvent | undefined = first.value
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(sseData(chunks.first())),
    // Asked only when the client has taken what came before, so a slow reader slows its own answer and nothing else.
    pull: async (controller) => {
      const event: CompletionEvent | undefined = next ?? (await events.next()).value
      next = undefined
      if (event) for (const bytes of sseEvents(event, chunks)) controller.enqueue(bytes)
      if (event?.type !== 'text') controller.close()
    },
    cancel: async () => {
      abort.abort()
      await events.return(undefined)
    },
  })
  context.header('content-type', 'text/event-stream; charset=utf-8')
  context.header('cache-control', 'no-cache')
  return context.body(body)
}

function sseEvents(event: CompletionEvent, chunks: ChunkWriter): readonly Uint8Array[] {
  if (event.type === 'text') return [sseData(chunks.text(event.text))]
  if (event.type === 'error') return [sseData(errorBody(event.error))]
  return [...chunks.last(event).map(sseData), encoder.encode('data: [DONE]\n\n')]
}

function sseData(value: object): Uint8Array {
  return encoder.encode(`data: ${JSON.stringify(value)}\n\n`)
}

function headersOf(context: Context): { readonly apiKey?: string; readonly traceparent?: string } {
  const apiKey = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
  const traceparent = context.req.header('traceparent')
  return { ...(apiKey === undefined ? {} : { apiKey }), ...(traceparent === undefined ? {} : { traceparent }) }
}

function modelBody({ id, created, ownedBy, details }: ModelInfo): object {
  return { id, object: 'model', created, owned_by: ownedBy, ...(details ? { infermesh: details } : {}) }
}

function notJson(error: SyntaxError): ApiError {
  return { status: 400, type: 'invalid_request_error', code: 'invalid_json', message: `expected a JSON body: ${error.message}` }
}

function tooLarge(bytes: number): ApiError {
  return { status: 413, type: 'invalid_request_error', code: 'body_too_large', message: `expected a body of at most ${bytes} bytes` }
}

function noRoute(context: Context): ApiError {
  const message = `there is no ${context.req.method} ${context.req.path}; there are /v1/models and /v1/chat/completions`
  return { status: 404, type: 'invalid_request_error', code: 'unknown_url', message }
}

const encoder = new TextEncoder()
