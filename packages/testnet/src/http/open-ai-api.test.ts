import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import { afterEach, expect, test } from 'vitest'
import type { ChatBackend, ChatRequest, CompletionEvent } from './backend.ts'
import { openAiApi } from './open-ai-api.ts'
import { type RunningServer, serve } from './server.ts'

const run = promisify(execFile)
const servers: RunningServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

test('the openai client gets a whole answer, its usage and its receipt', async () => {
  const { client } = await started(answering('Hello', ' there'))

  const { data, response, request_id } = await client.chat.completions.create(hello).withResponse()

  expect(data.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant', content: 'Hello there' } })
  expect(data.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 })
  expect(data.id).toBe('request-1')
  expect(request_id).toBe('request-1')
  expect(response.headers.get('x-infermesh-receipt')).toBe('receipt-1')
})

test('the openai client streams an answer word by word, with usage when it asks for it', async () => {
  const { client } = await started(answering('Hello', ' there'))

  const { data: stream, request_id } = await client.chat.completions
    .create({ ...hello, stream: true, stream_options: { include_usage: true } })
    .withResponse()
  const chunks = await collect(stream)

  expect(request_id).toBe('request-1')
  expect(chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual(['', 'Hello', ' there', undefined, undefined])
  expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, null, null, 'stop', undefined])
  expect(chunks.map(({ usage }) => usage?.total_tokens)).toEqual([undefined, undefined, undefined, undefined, 9])
  expect(chunks.at(-1)).toMatchObject({ infermesh: { receipt_id: 'receipt-1', request_id: 'request-1' } })
})

test('curl sees server-sent events that end with [DONE], and no usage unless asked', async () => {
  const { server } = await started(answering('Hi'))

  const { stdout } = await run('curl', ['-sNi', `${server.url}/v1/chat/completions`, '-d', JSON.stringify({ ...hello, stream: true })])

  const [headers = '', body = ''] = stdout.split('\r\n\r\n')
  expect(headers).toContain('content-type: text/event-stream')
  expect(headers).toContain('x-request-id: request-1')
  const data = body.trimEnd().split('\n\n')
  expect(data.at(-1)).toBe('data: [DONE]')
  const chunks = data.slice(0, -1).map((line) => JSON.parse(line.slice('data: '.length)))
  expect(chunks).toHaveLength(3)
  expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
  expect(chunks.at(-1).infermesh.receipt_id).toBe('receipt-1')
})

test('models are listed and found by an id with slashes and a version', async () => {
  const { client, server } = await started(answering())

  const ids = (await client.models.list()).data.map(({ id }) => id)
  const model = await client.models.retrieve('acme/contract-risk@1.0')
  const plain = await fetch(`${server.url}/v1/models/acme/contract-risk@1.0`)

  expect(ids).toEqual(['llama@3.1', 'acme/contract-risk@1.0'])
  expect(model).toMatchObject({ id: 'acme/contract-risk@1.0', object: 'model', owned_by: 'acme', created: 1_700_000_000 })
  expect(await plain.json()).toEqual(model)
  await expect(client.models.retrieve('nobody/nothing')).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
})

test('a refusal before the first word keeps its status, streamed or not', async () => {
  const error = {
    status: 503,
    code: 'owner_offline',
    type: 'service_unavailable',
    message: "the node of 'acme' is offline",
    retryAfterSeconds: 2.4,
  } as const
  const { client, server } = await started(() => events({ type: 'error', error }))

  for (const stream of [false, true]) {
    const failure = await client.chat.completions.create({ ...hello, stream }).catch((cause: unknown) => cause)
    expect(failure).toBeInstanceOf(OpenAI.InternalServerError)
    expect(failure).toMatchObject({ status: 503, code: 'owner_offline', type: 'service_unavailable', requestID: 'request-1' })
  }
  const response = await post(server, hello)
  expect(response.headers.get('retry-after')).toBe('3')
  expect(await response.json()).toEqual({
    error: { message: "the node of 'acme' is offline", type: 'service_unavailable', param: null, code: 'owner_offline' },
  })
})

test('a failure in the middle of a stream reaches the client as an error, after the words that came', async () => {
  const error = { status: 502, code: 'operator_lost', type: 'server_error', message: 'the operator is gone' } as const
  const { client } = await started(() => events({ type: 'text', text: 'Hel' }, { type: 'error', error }))
  let text = ''

  const read = async () => {
    for await (const chunk of await client.chat.completions.create({ ...hello, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ''
  }

  await expect(read()).rejects.toThrow('the operator is gone')
  expect(text).toBe('Hel')
})

test('a backend that throws, or ends without an end, is a server error and not a hanging request', async () => {
  const { client } = await started(({ user }) => (user === 'throw' ? throwing() : events({ type: 'text', text: 'Hel' })))

  await expect(client.chat.completions.create({ ...hello, user: 'throw' })).rejects.toMatchObject({ status: 500, code: 'internal_error' })
  await expect(client.chat.completions.create({ ...hello })).rejects.toMatchObject({ status: 502, code: 'incomplete_answer' })
})

test.each([
  [{ messages: [{ role: 'user', content: 'hi' }] }, 'model', 'expected string'],
  [{ model: 'm', messages: [] }, 'messages', 'expected array to have >=1'],
  [{ model: 'm', messages: [{ role: 'king', content: 'hi' }] }, 'messages.0.role', 'expected one of'],
  [{ model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages.0.content.0.type', 'text only'],
  [{ model: 'm', messages: [{ role: 'user', content: 'hi' }], max_tokens: 0 }, 'max_tokens', '>=1'],
  [{ model: 'm', messages: [{ role: 'user', content: 'hi' }], n: 2 }, 'n', 'expected 1: one answer a request'],
])('a wrong body is refused with the field that is wrong: %j', async (body, param, message) => {
  const { server, seen } = await started(answering())

  const response = await post(server, body)

  expect(response.status).toBe(400)
  const { error } = (await response.json()) as { error: Record<string, string> }
  expect(error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_value', param })
  expect(error.message).toContain(message)
  expect(seen).toEqual([])
})

test('a body that is no JSON, one that is too large and an unknown route get errors in the same form', async () => {
  const { server } = await started(answering())

  const broken = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body: '{"model":' })
  const large = await post(server, { ...hello, padding: 'x'.repeat(70_000) })
  const unknown = await fetch(`${server.url}/v1/embeddings`, { method: 'POST' })

  expect([broken.status, large.status, unknown.status]).toEqual([400, 413, 404])
  const codes = await Promise.all(
    [broken, large, unknown].map(async (response) => ((await response.json()) as { error: { code: string } }).error.code),
  )
  expect(codes).toEqual(['invalid_json', 'body_too_large', 'unknown_url'])
})

test('the backend gets known fields by name, nulls as absent and every other field untouched', async () => {
  const { server, seen } = await started(answering())
  const body = {
    model: 'llama@3.1',
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ],
    max_tokens: 5,
    max_completion_tokens: 6,
    temperature: null,
    stop: 'END',
    n: 1,
    infermesh: { verification: 'committee' },
    response_format: { type: 'text' },
  }

  await post(server, body, { authorization: 'Bearer key-1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })

  expect(seen).toEqual([
    {
      requestId: 'request-1',
      apiKey: 'key-1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      model: 'llama@3.1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'ab' },
      ],
      maxTokens: 6,
      stop: ['END'],
      extra: { infermesh: { verification: 'committee' }, response_format: { type: 'text' } },
    },
  ])
})

test.each([true, false])('a client that leaves cancels its request (stream: %s)', async (stream) => {
  const cancelled = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const { client } = await started(async function* (_request, signal) {
    signal.addEventListener('abort', () => cancelled.resolve())
    yield { type: 'text', text: 'Hel' }
    begun.resolve()
    await cancelled.promise
  })
  const abort = new AbortController()

  const reading = (async () => {
    const answer = await client.chat.completions.create({ ...hello, stream }, { signal: abort.signal })
    if ('controller' in answer) for await (const _chunk of answer);
  })().catch(() => undefined)
  await begun.promise
  abort.abort()

  await cancelled.promise
  await reading
})

test('a reader that stops reading stops the backend too', async () => {
  let produced = 0
  const { server } = await started(async function* () {
    for (; produced < 100_000; produced++) yield { type: 'text', text: 'x'.repeat(1000) }
  })

  const response = await post(server, { ...hello, stream: true })
  const reader = response.body?.getReader()
  await reader?.read()
  const atFirst = await settled(() => produced)
  await reader?.cancel()

  expect(atFirst).toBeLessThan(50_000)
})

test('a port in use is refused with what to do', async () => {
  const { server } = await started(answering())

  await expect(serve(openAiApi(answeringBackend(answering(), [])), server.port)).rejects.toThrow(
    `expected port ${server.port} on 127.0.0.1 to be free, but another program listens there: end it, or choose another port`,
  )
})

type Complete = (request: ChatRequest, signal: AbortSignal) => AsyncIterable<CompletionEvent>

const hello = { model: 'llama@3.1', messages: [{ role: 'user' as const, content: 'Hello?' }] }

async function started(complete: Complete): Promise<{ client: OpenAI; server: RunningServer; seen: ChatRequest[] }> {
  const seen: ChatRequest[] = []
  const app = openAiApi(answeringBackend(complete, seen), { newRequestId: () => 'request-1', bodyBytesMax: 65_536 })
  const server = await serve(app, 0)
  servers.push(server)
  return { server, seen, client: new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'any', maxRetries: 0 }) }
}

function answeringBackend(complete: Complete, seen: ChatRequest[]): ChatBackend {
  return {
    models: async () => [
      { id: 'llama@3.1', created: 1_700_000_000, ownedBy: 'hub' },
      { id: 'acme/contract-risk@1.0', created: 1_700_000_000, ownedBy: 'acme', details: { private: true } },
    ],
    complete: (request, signal) => {
      seen.push(request)
      return complete(request, signal)
    },
  }
}

function answering(...words: string[]): Complete {
  const done = {
    type: 'done',
    finishReason: 'stop',
    usage: { promptTokens: 7, completionTokens: words.length },
    receiptId: 'receipt-1',
  } as const
  return () => events(...words.map((text) => ({ type: 'text', text }) as const), done)
}

async function* events(...list: CompletionEvent[]): AsyncIterable<CompletionEvent> {
  yield* list
}

// biome-ignore lint/correctness/useYield: a backend that fails before its first event
async function* throwing(): AsyncIterable<CompletionEvent> {
  throw new Error('the gateway is broken')
}

function post(server: RunningServer, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body), headers })
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** The value once it stays the same over many turns of the event loop. */
async function settled(value: () => number): Promise<number> {
  let last = -1
  for (let turns = 0; turns < 2000; turns++) {
    if (value() !== last) turns = 0
    last = value()
    await new Promise(setImmediate)
  }
  return last
}
