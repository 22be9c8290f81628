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

test('the place in a conversation, and when the caller will be back, go to the client peer as they are', async () => {
  const session = { id: 's', turn: 3, pause: 'tool', expectMs: 4_000, sigma: 0.5 }
  const told = await ask([tokens(0, 5), ended], false, { infermesh: { session }, user: 'ada' })
  const silent = await ask([tokens(0, 5), ended], false, { infermesh: 'none' })

  expect(told.submitted).toMatchObject({ session })
  expect(silent.submitted).not.toHaveProperty('session')
  expect([told.response.status, silent.response.status]).toEqual([200, 200])
})

test('what the client peer finds wrong with it is the caller’s to mend', async () => {
  const { response, body } = await ask([{ refused: 'bad-request', detail: 'expected session.turn from 0 to 65535' }], false, {
    infermesh: { session: { id: 's', turn: -1 } },
  })

  expect(response.status).toBe(400)
  expect(body.error).toMatchObject({ code: 'bad-request', message: expect.stringContaining('session.turn') })
})

function messageOf(event: object): AnyMessage {
  const refused = { type: 'Refused', ...('refused' in event ? { code: event.refused } : {}), ...event }
  const done = { type: 'CommandDone', result: JSON.stringify(event) }
  return 'refused' in event ? refused : done
}

/** Asks the API over a client peer that says these events, with extra fields in the body. */
async function ask(events: readonly object[], stream = false, extra: object = {}) {
  let submitted: unknown
  const api = openAiApi(
    chatBackend(
      async function* (_peer, { message }) {
        submitted = JSON.parse((message as AnyMessage & { readonly argument: string }).argument)
        for (const event of events) yield messageOf(event)
      },
      { client: 'client-0', gateway: 'gateway-0' },
    ),
  )
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream, ...extra })
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
