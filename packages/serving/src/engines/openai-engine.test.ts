import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { textOf } from '../vocabulary.ts'
import { OpenAiEngine, type OpenAiJob } from './openai-engine.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

test('hands on a streamed answer letter by letter, wherever the chunks are cut', async () => {
  const asked: unknown[] = []
  const events = ['Grüße', ' an', ' Zoë 🎈'].map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
  const stream = Buffer.from(`: hello\r\n\r\n${events.join('')}data: [DONE]\n\n`)
  const url = await served(async (request, response) => {
    asked.push([request.url, request.headers.authorization, JSON.parse(await bodyOf(request))])
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let at = 0; at < stream.length; at += 7) response.write(stream.subarray(at, at + 7))
    response.end()
  })

  const answer = await answerOf({ ...jobTo(url), maxTokens: 40 }, new OpenAiEngine('secret'))

  expect(answer).toBe('Grüße an Zoë 🎈')
  expect(asked).toEqual([
    [
      '/v1/chat/completions',
      'Bearer secret',
      { model: 'big', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 40, seed: 5, stream: true },
    ],
  ])
})

test('takes no more letters than were asked for, and lets go of the server then', async () => {
  let closed: Promise<unknown> | undefined
  const url = await served((_, response) => {
    closed = once(response, 'close')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'abcdefgh' } }] })}\n\n`)
  })

  expect(await answerOf({ ...jobTo(url), maxTokens: 5 })).toBe('abcde')
  await closed
})

test.each([
  [404, '{"error":{"message":"no such model"}}', 'bad-input', 'answered 404: {"error":{"message":"no such model"}}'],
  [429, 'slow down', 'upstream-lost', 'answered 429: slow down'],
  [500, 'oops', 'upstream-lost', 'answered 500: oops'],
  [200, 'data: {"error":{"message":"out of memory"}}\n\n', 'upstream-lost', 'out of memory'],
  [200, 'data: <html>\n\n', 'upstream-lost', 'expected JSON events, found "<html>"'],
] as const)('tells what a server says with %i %s', async (status, body, code, words) => {
  const url = await served((_, response) => response.writeHead(status).end(body))

  await expect(answerOf(jobTo(url))).rejects.toMatchObject({ code, message: expect.stringContaining(words) })
})

test('a server that is not there, or breaks off, is lost', async () => {
  const url = await served((_, response) => {
    response.writeHead(200).write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'a' } }] })}\n\n`, () => response.destroy())
  })

  await expect(answerOf(jobTo(url))).rejects.toMatchObject({ code: 'upstream-lost', message: expect.stringContaining('broke off') })
  for (const server of servers.splice(0)) server.close().closeAllConnections()
  await expect(answerOf(jobTo(url))).rejects.toMatchObject({
    code: 'upstream-lost',
    message: expect.stringContaining('expected an answer'),
  })
})

const jobTo = (url: string): OpenAiJob => ({
  kind: 'openai',
  upstream: { url, model: 'big' },
  prompt: new TextEncoder().encode('Hi'),
  maxTokens: 10,
  seed: 5,
})

async function answerOf(job: OpenAiJob, engine = new OpenAiEngine()): Promise<string> {
  const tokens: number[] = []
  for await (const made of engine.answer(job)) tokens.push(...made)
  return textOf(tokens)
}

async function served(handler: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server = createServer((request, response) => void handler(request, response))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const part of request) body += part
  return body
}
