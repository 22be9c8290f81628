import type { Random } from '@infermesh/kernel'
import { type EngineOptions, serveTrace, type TraceRequest } from '@infermesh/serving'
import { type Law, near } from './law.ts'
import { plainOptions } from './serving-subject.ts'

const demandMs = 100
const thinkMs = 900
/** A user alone is a small sample: with 10,000 pauses the mean pause is known to 1 %. */
const turnsAlone = 10_000
const turnsCrowded = 200

/** Users who wait, think and come back: one alone and very many show where the system bends. */
export const closedSystem = (serve: typeof serveTrace = serveTrace): Law => ({
  name: 'queue.closed-system',
  source: 'asymptotic bounds: turns/s ≤ min(1/D, U/(D+Z)); they meet at U* = (D+Z)/D',
  run: (random) => {
    const alone = turnsPerSecond(serve, userTurns(0, turnsAlone, random.fork('alone')), turnsAlone)
    const users = Array.from({ length: 60 }, (_, user) => userTurns(user, turnsCrowded, random.fork(`user ${user}`)))
    const crowded = turnsPerSecond(serve, users.flat(), turnsCrowded)
    return near((demandMs + thinkMs) / demandMs, crowded / alone, 0.05)
  },
})

function turnsPerSecond(serve: typeof serveTrace, requests: readonly TraceRequest[], turns: number): number {
  const engine: EngineOptions = { ...plainOptions, sequencesMax: 1, blocks: 20_000, stepTime: () => demandMs }
  return serve({ requests, engine, closedLoop: true, untilMs: turns * (demandMs + thinkMs) }).metrics['throughput.turns_per_s'] ?? 0
}

function userTurns(user: number, turns: number, random: Random): TraceRequest[] {
  return Array.from({ length: turns }, (_, turn) => ({
    id: `${user}/${turn}`,
    promptTokens: 16,
    answerTokens: 1,
    arrivalMs: 0,
    thinkMs: -Math.log(1 - random.next()) * thinkMs,
    session: { session: `u${user}`, turn, last: turn === turns - 1, pause: 'user' as const },
  }))
}
