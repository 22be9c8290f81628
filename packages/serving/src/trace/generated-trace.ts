import type { Random } from '@infermesh/kernel'
import type { PauseKind } from '../engine/request.ts'
import type { TraceRequest } from './trace-request.ts'

export interface GeneratedTraceOptions {
  readonly random: Random
  readonly sessions: number
  /** Session starts are spread uniformly over this time. */
  readonly startsWithinMs: number
  readonly blockTokens: number
  /** Scales every context: 1 is the measured corpus. */
  readonly contextScale?: number
}

/**
 * Coding-agent sessions drawn from distributions fitted to a public corpus of 710: turns, first prompt, growth, answer and pauses.
 * Each turn's prompt is the one before plus its growth, so block names repeat as in a conversation.
 */
export function generateAgenticTrace(options: GeneratedTraceOptions): TraceRequest[] {
  const requests: TraceRequest[] = []
  for (let session = 0; session < options.sessions; session++) {
    const random = options.random.fork(`session ${session}`)
    requests.push(...generateSession(options, session, random))
  }
  return requests
}

function generateSession(options: GeneratedTraceOptions, number: number, random: Random): TraceRequest[] {
  const scale = options.contextScale ?? 1
  const turns = Math.max(2, Math.round(lognormal(random, turnsMedian, turnsSigma)))
  let context = random.next() < 0.6 ? 15_000 + random.next() * 15_000 : lognormal(random, 150_000, 0.3)
  let at = random.next() * options.startsWithinMs
  let pauseBefore: PauseKind = 'tool'
  return Array.from({ length: turns }, (_, turn) => {
    const thinkMs = pauseMs(random, pauseBefore)
    if (turn > 0) {
      context = Math.min(context + lognormal(random, growthMedian, growthSigma), contextMax)
      at += thinkMs + servedMs
    }
    pauseBefore = random.next() < toolShare ? 'tool' : 'user'
    const promptTokens = Math.max(1, Math.round(context * scale))
    return {
      id: `s${number}/${turn}`,
      arrivalMs: Math.round(at),
      promptTokens,
      answerTokens: Math.max(1, Math.round(lognormal(random, answerMedian, answerSigma))),
      prefix: { blockTokens: options.blockTokens, keys: ownKeys(number, Math.floor(promptTokens / options.blockTokens)) },
      session: { session: `s${number}`, turn, last: turn === turns - 1, pause: pauseBefore },
      ...(turn > 0 ? { thinkMs } : {}),
    }
  })
}

/** Milliseconds until the client comes back: a tool call, or a person. */
export function pauseMs(random: Random, pause: PauseKind): number {
  if (pause === 'user') return lognormal(random, 132_000, 1.9)
  return 2_000 + (random.next() < 0.8 ? lognormal(random, 5_000, 0.9) : lognormal(random, 60_000, 1.3))
}

export const lognormal = (random: Random, median: number, sigma: number): number => median * Math.exp(sigma * normal(random))

/** Box and Muller's standard normal. */
export const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())

const keysPerSession = 16_777_216
const ownKeys = (session: number, blocks: number): Float64Array =>
  Float64Array.from({ length: blocks }, (_, block) => session * keysPerSession + block)

const turnsMedian = 45
const turnsSigma = 0.97
const growthMedian = 646
const growthSigma = 1.25
const contextMax = 400_000
const answerMedian = 216
const answerSigma = 1.1
const toolShare = 0.86
const servedMs = 6_100
