import { resolveScenario, type Scenario } from '@infermesh/scenario'
import type { TraceRequest } from '@infermesh/serving'
import { expect, test } from 'vitest'
import { sessionRows } from './session-rows.ts'

test('draws the same conversations for the same seed, and others for another', () => {
  const drawn = (seed: number) => sessionRows(withSessions({ count: 3, turns: 4 }, seed), 0)

  expect(drawn(1)).toEqual(drawn(1))
  expect(drawn(2)).not.toEqual(drawn(1))
})

test('takes no more conversations, and no more turns of one, than it is told', () => {
  const rows = sessionRows(withSessions({ count: 3, turns: 4 }), 0)

  expect(new Set(rows.map(({ session }) => session.id))).toEqual(new Set(['0/0', '0/1', '0/2']))
  expect(Math.max(...rows.map(({ session }) => session.turn))).toBe(3)
  const file = Array.from({ length: 5 }, (_, talk): TraceRequest => {
    const session = { session: `talk ${talk}`, turn: 0, last: true, pause: 'user' } as const
    return { id: `t${talk}`, arrivalMs: 0, promptTokens: 9, answerTokens: 1, session }
  })
  expect(sessionRows(withSessions({ count: 2 }), 0, file)).toHaveLength(2)
})

test('each prompt is its passages, and begins with the prompt of the turn before', () => {
  const rows = sessionRows(withSessions({ count: 2, turns: 6, context: 0.1, shared: { tokens: '500 tokens', groups: 2 } }), 0)

  for (const [index, { passages, promptTokens, session }] of rows.entries()) {
    expect(passages.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(promptTokens)
    const before = rows[index - 1]
    if (before?.session.id !== session.id) continue
    // The front is the shared text, then one text from its start to its end.
    expect(passages[0]).toEqual(before.passages[0])
    expect(passages[1]).toMatchObject({ text: before.passages[1]?.text, from: before.passages[1]?.from })
  }
})

test('the prompts of a group share what everyone may, and no others', () => {
  const rows = sessionRows(withSessions({ count: 4, turns: 1, shared: { tokens: '500 tokens', groups: 2 } }), 0)

  expect(rows.map(({ passages }) => passages[0])).toEqual([0, 1, 0, 1].map((group) => ({ text: `group ${group}`, from: 0, tokens: 500 })))
  expect(rows.every(({ session }) => session.publicTokens === 500)).toBe(true)
  expect(new Set(rows.map(({ passages }) => passages[1]?.text)).size).toBe(4)
})

test('clients say when they will be back only where the scenario has it, and then before each pause', () => {
  const said = sessionRows(withSessions({ count: 2, turns: 5, hints: 0 }), 0)
  const silent = sessionRows(withSessions({ count: 2, turns: 5 }), 0)

  expect(silent.some(({ session }) => session.expectMs !== undefined)).toBe(false)
  for (const [index, { session }] of said.entries()) {
    const next = said[index + 1]
    // Without error, the guess is the pause.
    if (next !== undefined && next.session.id === session.id) expect(session.expectMs).toBe(next.thinkMs)
  }
})

test('a trace’s block names become places in one text, so that what was equal stays equal', () => {
  const request = (turn: number, promptTokens: number, keys: readonly number[]): TraceRequest => ({
    ...{ id: `t${turn}`, arrivalMs: 0, promptTokens, answerTokens: 1, prefix: { blockTokens: 64, keys } },
    session: { session: 'x', turn, last: turn === 1, pause: 'tool' },
  })
  const rows = sessionRows(withSessions({ count: 1 }), 0, [request(0, 150, [7, 8]), request(1, 300, [7, 8, 9, 20])])

  expect(rows.map(({ passages }) => passages.map(({ from, tokens }) => [from, tokens]))).toEqual([
    [
      [448, 128],
      [576, 22],
    ],
    [
      [448, 192],
      [1_280, 64],
      [1_344, 44],
    ],
  ])
})

function withSessions(sessions: object, seed = 1): Scenario {
  return resolveScenario({
    ...{ name: 'x', about: 'x', seed, peers: { gateway: 1, operator: 1, hub: 1, settler: 1 } },
    models: { 'a/b@1.0': { public: { operators: ['operator'] } } },
    load: [{ client: 2, model: 'a/b@1.0', sessions, from: '1s', until: '60s' }],
    expect: [],
  })
}
