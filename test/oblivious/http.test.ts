import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyFolder, printed, scenario, start } from '../end-to-end/infermesh.ts'
import { sealHttp } from './independent-client.ts'

const model = 'open/summarizer@1.2'
let testnet: ChildProcess
let relay = ''
let gateway = ''
let keys = new Uint8Array()

beforeAll(async () => {
  testnet = start(['up', scenario('oblivious-small.yaml'), '--port', '0'], emptyFolder())
  const [, relayUrl = '', keysUrl = ''] = await printed(testnet, /oblivious HTTP: (\S+), keys (\S+)/)
  relay = relayUrl
  gateway = keysUrl.replace(/ohttp-keys$/, 'ohttp')
  const answer = await fetch(keysUrl)
  expect(answer.headers.get('content-type')).toBe('application/ohttp-keys')
  keys = new Uint8Array(await answer.arrayBuffer())
}, 60_000)

afterAll(() => {
  testnet.kill('SIGTERM')
})

const chat = (stream: boolean): Request =>
  new Request('https://infermesh.invalid/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello there' }], max_tokens: 12, seed: 7, stream }),
  })

const post = (media: string, body: Uint8Array<ArrayBuffer>, to = relay): Promise<Response> =>
  fetch(to, { method: 'POST', headers: { 'content-type': media }, body })

const bytesOf = async (answer: Response): Promise<Uint8Array> => new Uint8Array(await answer.arrayBuffer())

interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[]
  readonly usage: { readonly completion_tokens: number }
}

test('a client of other parts completes a chat through the relay, whole and in chunks, and both say the same', async () => {
  const whole = await sealHttp(keys, chat(false))
  const answer = await post('message/ohttp-req', whole.message)
  const response = await whole.open(await bytesOf(answer))
  const completion = (await response.json()) as Completion

  expect([answer.status, answer.headers.get('content-type'), response.status]).toEqual([200, 'message/ohttp-res', 200])
  expect(completion.usage.completion_tokens).toBe(12)

  const chunked = await sealHttp(keys, chat(true), true)
  const stream = await post('message/ohttp-chunked-req', chunked.message)
  const { response: streamed, chunks: pieces } = await chunked.openChunks(await bytesOf(stream))
  const events = await streamed.text()
  const chunks = events.split('\n\n').filter((line) => line.startsWith('data: {'))
  const text = chunks.map((line) => JSON.parse(line.slice(6)).choices[0].delta.content ?? '').join('')

  expect(stream.headers.get('content-type')).toBe('message/ohttp-chunked-res')
  expect(pieces).toBeGreaterThan(1)
  expect(text).toBe(completion.choices[0]?.message.content)
  expect(events.endsWith('data: [DONE]\n\n')).toBe(true)
}, 30_000)

test('a gateway takes what any other relay brings', async () => {
  const sealed = await sealHttp(keys, chat(false))
  const answer = await post('message/ohttp-req', sealed.message, gateway)

  expect([answer.status, (await sealed.open(await bytesOf(answer))).status]).toEqual([200, 200])
}, 30_000)

test('a sealed request is served once: its copy is refused under the seal, where the relay sees nothing of it', async () => {
  const sealed = await sealHttp(keys, chat(false))
  const first = await post('message/ohttp-req', sealed.message)
  const second = await post('message/ohttp-req', sealed.message)

  expect([first.status, second.status]).toEqual([200, 200])
  expect((await sealed.open(await bytesOf(first))).status).toBe(200)
  expect((await sealed.open(await bytesOf(second))).status).toBe(409)
}, 30_000)

test('what does not open is refused outside the seal, without a word on why', async () => {
  const { message } = await sealHttp(keys, chat(false))
  const changed = (at: number): Uint8Array<ArrayBuffer> => message.map((byte, index) => (index === at ? byte ^ 1 : byte))

  const unknownKey = await post('message/ohttp-req', changed(0))
  const answers = await Promise.all(
    [changed(20), changed(60), changed(message.length - 1), message.slice(0, 80)].map((body) => post('message/ohttp-req', body)),
  )

  expect(unknownKey.status).toBe(400)
  expect(await unknownKey.json()).toMatchObject({ type: 'https://iana.org/assignments/http-problem-types#ohttp-key' })
  expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422])
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['', '', '', ''])
  expect((await post('text/plain', message)).status).toBe(415)
})

test('a body that is larger than any relay carries is refused before it is read to the end', async () => {
  const answer = await post('message/ohttp-req', new Uint8Array(4 * 1024 * 1024 + 1))

  expect([answer.status, await answer.text()]).toEqual([413, ''])
})

test('a sealed stream that is cut before any chunk opens is refused outside the seal, without a word on why', async () => {
  const { message } = await sealHttp(keys, chat(true), true)
  const answers = await Promise.all([60, 39].map((end) => post('message/ohttp-chunked-req', message.slice(0, end))))

  expect(answers.map(({ status }) => status)).toEqual([422, 422])
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['', ''])
})

test('a sealed stream without its final chunk is answered under the seal, where the relay sees nothing of it, and nothing is served', async () => {
  const sealed = await sealHttp(keys, chat(true), true)
  const cut = sealed.message.slice(0, -17)
  const answer = await post('message/ohttp-chunked-req', cut)
  const { response } = await sealed.openChunks(await bytesOf(answer))

  expect([answer.status, response.status]).toEqual([200, 400])
})

test('a wrong question is answered under the seal', async () => {
  const request = new Request('https://infermesh.invalid/v1/chat/completions', { method: 'POST', body: '{"model":' })
  const sealed = await sealHttp(keys, request)
  const answer = await post('message/ohttp-req', sealed.message)

  expect(answer.status).toBe(200)
  expect((await sealed.open(await bytesOf(answer))).status).toBe(400)
})
