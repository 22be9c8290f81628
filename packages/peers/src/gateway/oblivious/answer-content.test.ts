import type { Message } from '@infermesh/protocol'
import { decodeHttpResponse } from '@infermesh/protocol/oblivious'
import { expect, test } from 'vitest'
import { type AnswerContent, completionContent, eventContent, nativeContent } from './answer-content.ts'
import { utf8Text } from './utf8-text.ts'

const tokens = (from: number, ...ids: readonly number[]): Message => ({ type: 'Tokens', from, tokens: ids })
const completed: Message = { type: 'Completed', tokens: 2, finish: 'length', epoch: 0, endedAt: 0, resumed: true }
const working = (attempt: number): Message => ({
  type: 'Working',
  operator: '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust',
  attempt,
})
const head = { id: 'x', model: 'm' }

test('a client behind a seal hears who is at work only when that changes: the first is as good as silence', () => {
  expect(nativeContent(working(1), false)).toHaveLength(0)
  expect(nativeContent(tokens(3), false)).toHaveLength(0)
  expect(nativeContent(working(2), false).length).toBeGreaterThan(0)
})

test('a whole answer under a seal holds the tokens that came last in each place', () => {
  const [plain, mended] = [[tokens(0, 5, 6)], [tokens(0, 5, 7), working(2), tokens(1, 6)]].map((messages) =>
    said(completionContent(head), [...messages, completed]),
  )

  expect(mended).toBe(plain)
  expect(plain).toContain('"completion_tokens":2')
})

test('events under a seal repeat nothing, and end with an error instead of [DONE] when shown tokens turn out wrong', () => {
  const plain = said(eventContent(head), [tokens(0, 5, 6), completed])
  const repeated = said(eventContent(head), [tokens(0, 5), working(2), tokens(0, 5), tokens(1, 6), completed])
  const broken = said(eventContent(head), [tokens(0, 5, 7), working(2), tokens(1, 6), completed])

  expect(plain).toContain('[DONE]')
  expect(wordsOf(repeated)).toBe(wordsOf(plain))
  expect(broken).not.toContain('[DONE]')
  expect(broken).toContain('answer-tampered')
})

function said(content: AnswerContent, messages: readonly Message[]): string {
  const bytes = messages.flatMap((message, index) => [...content(message, index === messages.length - 1)])
  const response = decodeHttpResponse(Uint8Array.from(bytes))
  if (!response.ok) throw new Error(response.detail)
  return utf8Text(response.value.content) ?? ''
}

const wordsOf = (events: string): string => [...events.matchAll(/"content":"([^"]*)"/g)].map(([, word]) => word).join('')
