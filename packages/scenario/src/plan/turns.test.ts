import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import type { Arrival } from './arrivals.ts'
import { conversationsOf, isTurn, type TurnRow } from './turns.ts'

test('sends the first turn at its time, and each later one its pause after the answer before', () => {
  const [first, ...others] = chains([row('a', 0, { at: 400 }), row('a', 1, { thinkMs: 1_200.4 }), row('a', 2, { thinkMs: 90_000 })])

  expect(others).toEqual([])
  expect(first).toMatchObject({ at: 5_400, session: { id: 'a', turn: 0, last: false } })
  expect(first?.next).toMatchObject({ pause: 1_200, until: 60_000, arrival: { session: { turn: 1 } } })
  // Longer pauses are cut.
  expect(first?.next?.arrival.next).toMatchObject({ pause: 30_000, arrival: { session: { turn: 2 } } })
})

test('the last turn that is left says that no other follows, though its trace went on', () => {
  const turns = turnsOf(chains([row('a', 0), row('a', 1)])[0])

  expect(turns.map(({ session }) => session?.last)).toEqual([false, true])
})

test('a conversation belongs to one client, and several are spread over them', () => {
  const rows = Array.from({ length: 40 }, (_, number) => [row(`s${number}`, 0), row(`s${number}`, 1)]).flat()
  const starts = chains(rows)

  for (const start of starts) expect(new Set(turnsOf(start).map(({ client }) => client)).size).toBe(1)
  expect(new Set(starts.map(({ client }) => client)).size).toBe(4)
})

test('a conversation that would start when the load is over is left out, whole', () => {
  expect(chains([row('late', 0, { at: 55_000 }), row('late', 1), row('b', 0)]).map(({ session }) => session?.id)).toEqual(['b'])
})

test('turns of interleaved conversations find their own', () => {
  const starts = chains([row('a', 0), row('b', 0), row('b', 1), row('a', 1)])

  expect(starts.map((start) => turnsOf(start).map(({ session }) => `${session?.id}${session?.turn}`))).toEqual([
    ['a0', 'a1'],
    ['b0', 'b1'],
  ])
})

test('a row of a trace without conversations is no turn', () => {
  expect([isTurn({ at: 0, promptTokens: 1, answerTokens: 1 }), isTurn(row('a', 0))]).toEqual([false, true])
})

function row(id: string, turn: number, fields: Partial<TurnRow> = {}): TurnRow {
  const session = { id, turn, last: false, pause: 'tool' as const }
  return { at: 0, promptTokens: 10, answerTokens: 5, session, passages: [{ text: id, from: 0, tokens: 10 }], ...fields }
}

function chains(rows: readonly TurnRow[]): Arrival[] {
  return conversationsOf({
    ...{ rows, from: 5_000, until: 60_000, thinkMax: 30_000, random: randomFrom('clients'), clients: 4 },
    arrive: ({ promptTokens, answerTokens }, client) => ({
      ...{ at: 0, client: `client-${client}`, model: 'm', promptTokens, maxTokens: answerTokens, deadline: 1_000 },
    }),
  })
}

function turnsOf(first: Arrival | undefined): Arrival[] {
  return first === undefined ? [] : [first, ...turnsOf(first.next?.arrival)]
}
