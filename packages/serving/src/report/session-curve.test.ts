import { randomFrom } from '@infermesh/kernel'
import { beforeAll, expect, test } from 'vitest'
import { readProfile } from '../files/profile-file.ts'
import { generateAgenticTrace } from '../trace/generated-trace.ts'
import { scaledSession, sessionsOf } from './scaled-sessions.ts'
import { engineOptionsFor } from './serving-setup.ts'
import { type SessionCurve, sessionCurve } from './session-curve.ts'

const blockTokens = 256
const generated = generateAgenticTrace({ random: randomFrom('curve'), sessions: 48, startsWithinMs: 1, blockTokens: 64 })
const sessions = sessionsOf(generated)

let curve: SessionCurve
beforeAll(async () => {
  const setup = { profile: await readProfile('h100x8-llama-3-70b'), blockTokens, stepTokensMax: 8_192 }
  const column = (name: string, words: object) => ({ name, engine: engineOptionsFor({ ...setup, ...words }) })
  curve = sessionCurve({
    ...{ sessions, blockTokens, contexts: [0.25, 0.5], counts: [4, 8, 16, 24, 32, 48], random: randomFrom('hints') },
    columns: [column('lru', {}), column('gate', { admission: '92%' }), column('host', { tiers: ['host=8Mtok@200GB/s'] })],
    ...{ limits: { ttftMs: 5_000, tpotMs: 50 }, thinkMsMax: 120_000, untilMs: 1_200_000 },
  })
})

test('twice the context, about half the conversations held', () => {
  const [short, long] = [held('lru', 0.25), held('lru', 0.5)]

  expect(short).toBeGreaterThan(long)
  expect(long).toBeGreaterThan(0)
  expect(short / long).toBeLessThanOrEqual(4)
})

test('more conversations than memory holds end in less work than fewer; a gate keeps what there was, host memory holds more', () => {
  const [best, crowded] = [Math.max(...goodOf('lru', 0.5)), goodOf('lru', 0.5).at(-1) ?? 0]

  expect(crowded).toBeLessThan(0.5 * best)
  expect(goodOf('gate', 0.5).at(-1)).toBeGreaterThan(0.8 * best)
  expect(held('host', 0.5)).toBeGreaterThan(held('lru', 0.5))
})

test('a conversation that waits at the gate is not counted as held', () => {
  const gated = curve.cells.filter(({ column, context }) => column === 'gate' && context === 0.5).map(({ goodShare }) => goodShare)

  expect(gated.at(-1)).toBeLessThan(0.9)
  expect(gated.every((share) => share >= 0 && share <= 1.02)).toBe(true)
})

test('a scaled conversation grows by scaled steps, and each turn still begins with the one before', () => {
  const turns = sessions[0] ?? []
  const scaled = scaledSession(turns, 0.5, blockTokens)

  expect(scaled.map(({ promptTokens }) => promptTokens)).toEqual(turns.map(({ promptTokens }) => Math.round(promptTokens * 0.5)))
  for (const [index, { prefix }] of scaled.entries()) {
    const before = Array.from(scaled[index - 1]?.prefix?.keys ?? [])
    expect(Array.from(prefix?.keys ?? []).slice(0, before.length)).toEqual(before)
  }
})

const held = (column: string, context: number): number =>
  curve.held.find((each) => each.column === column && each.context === context)?.sessions ?? -1
const goodOf = (column: string, context: number): number[] =>
  curve.cells.filter((cell) => cell.column === column && cell.context === context).map(({ goodTurnsPerSecond }) => goodTurnsPerSecond)
