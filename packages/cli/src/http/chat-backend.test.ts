import type { AnyMessage } from '@infermesh/kernel'
import { openAiApi } from '@infermesh/testnet'
import { expect, test } from 'vitest'
import { chatBackend } from './chat-backend.ts'

const usage = { promptTokens: 3, answerTokens: 3 }
const tokens = (from: number, ...ids: readonly number[]) => ({ kind: 'tokens', from, tokens: ids, text: `<${ids.join()}>` })
const ended = { kind: 'ended', outcome: 'ok', finish: 'length', usage, receipts: ['r1'] }
const failed = (code: string) => ({ kind: 'ended', outcome: 'failed', code, detail: 'gateway-0 changed it', usage, receipts: [] })

test('an answer that is not streamed holds what stands in the end, and nothing that was taken back', async () => {
  const plain = await ask([tokens(0, 5, 6, 8), ended])
  const mended = await ask([tokens(0, 5, 7, 9), { kind: 'takenBack', from: 1 }, tokens(1, 6, 8), ended])

  expect(mended.body.choices[0].message.content).toBe(plain.body.choices[0].message.content)
  expect(mended.submitted).toMatchObject({ stream: false })
})

test('a streamed answer that turns out wrong ends with an error in OpenAI’s form, and without [DONE]', async () => {
  const { events, submitted } = await ask([tokens(0, 5, 6), failed('answer-tampered')], true)

  expect(submitted).toMatchObject({ stream: true })
  expect(events).not.toContain('[DONE]')
  expect(JSON.parse(events.at(-1) ?? '')).toEqual({
    error: { message: 'gateway-0 changed it', type: 'server_error', param: null, code: 'answer-tampered' },
  })
})

test.each([
  ['answer-tampered', 502, 'server_error'],
  ['no-funds', 402, 'insufficient_quota'],
])('a request that fails with %s gets status %i', async (code, status, type) => {
  for (const stream of [false, true]) {
    const { response, body } = await ask([{ kind: 'started', requestId: 'a' }, failed(code)], stream)

    expect(response.status).toBe(status)
    expect(body.error).toMatchObject({ code, type })
  }
})

/** Asks the API over a client peer that says these events. */
async function ask(events: readonly object[], stream = false) {
  let submitted: unknown
  const api = openAiApi(
    chatBackend(
      async function* (_peer, { message }) {
        submitted = JSON.parse((message as AnyMessage & { readonly argument: string }).argument)
        for (const event of events) yield { type: 'CommandDone', result: JSON.stringify(event) } as AnyMessage
      },
      { client: 'client-0', gateway: 'gateway-0' },
    ),
  )
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream })
  const response = await api.request('/v1/chat/completions', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  const text = await response.text()
  const isEvents = text.startsWith('data: ')
  return {
    response,
    submitted,
    body: isEvents ? undefined : JSON.parse(text),
    events: isEvents
      ? text
          .trimEnd()
          .split('\n\n')
          .map((line) => line.slice('data: '.length))
      : [],
  }
}
