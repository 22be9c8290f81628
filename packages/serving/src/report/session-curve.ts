import type { Random } from '@infermesh/kernel'
import type { EngineOptions } from '../engine/engine.ts'
import { normal } from '../trace/generated-trace.ts'
import { type TraceRequest, withHints } from '../trace/trace-request.ts'
import { scaledSession } from './scaled-sessions.ts'
import { type ServingReport, serveTrace, type TurnLimits } from './serving-report.ts'

/** One way to run a node, as a column of the curves. */
export interface CurveColumn {
  readonly name: string
  readonly engine: EngineOptions
  /** Clients say when they will be back, with a lognormal error of this sigma. */
  readonly hints?: number
}

export interface CurveOptions {
  /** Conversations, turn by turn; the first so many are open. */
  readonly sessions: readonly (readonly TraceRequest[])[]
  readonly columns: readonly CurveColumn[]
  /** Scales of every context. */
  readonly contexts: readonly number[]
  readonly counts: readonly number[]
  readonly blockTokens: number
  readonly limits: TurnLimits
  /** Longer pauses are cut to this. */
  readonly thinkMsMax: number
  /** Length of each run. */
  readonly untilMs: number
  readonly random: Random
}

/** One run: a column, at one context length and one number of open conversations. */
export interface CurveCell {
  readonly column: string
  readonly context: number
  /** Mean prompt of the conversations, in tokens. */
  readonly contextTokens: number
  readonly sessions: number
  readonly goodTurnsPerSecond: number
  /** Good turns, of those that the same conversations would have had with the node to themselves, one at a time. */
  readonly goodShare: number
  readonly hitRate: number
}

/** The most open conversations with at least nine good turns in ten; 0 where no number tried has them. */
export interface Held {
  readonly column: string
  readonly context: number
  readonly sessions: number
}

export interface SessionCurve {
  readonly cells: readonly CurveCell[]
  readonly held: readonly Held[]
}

const heldShare = 0.9
/** Conversations start this far apart. */
const startsApartMs = 2_000

/**
 * Conversations that a node holds, against their number and the length of their contexts, for each way to run it.
 * A conversation that waits at a gate, and a turn that is never sent because the one before was slow, count as turns missed.
 */
export function sessionCurve(options: CurveOptions): SessionCurve {
  const cells = options.contexts.flatMap((context) => cellsAt(options, context))
  const held = options.contexts.flatMap((context) =>
    options.columns.map(({ name: column }) => {
      const good = cells.filter((cell) => cell.context === context && cell.column === column && cell.goodShare >= heldShare)
      return { column, context, sessions: Math.max(0, ...good.map(({ sessions }) => sessions)) }
    }),
  )
  return { cells, held }
}

function cellsAt(options: CurveOptions, context: number): CurveCell[] {
  const scaled = options.sessions.map((turns) => scaledSession(turns, context, options.blockTokens))
  const alone = options.columns.slice(0, 1).flatMap(({ engine }) => goodAlone(options, scaled, engine))
  return options.counts.flatMap((count) => {
    const open = scaled.slice(0, count)
    const wanted = alone.slice(0, count).reduce((sum, turns) => sum + turns, 0)
    return options.columns.map((column): CurveCell => {
      const { metrics } = serve(options, column.engine, hinted(options, column, open))
      const good = metrics['goodput.turns'] ?? 0
      return {
        ...{ column: column.name, context, contextTokens: meanPrompt(open), sessions: open.length },
        goodTurnsPerSecond: (good * 1_000) / options.untilMs,
        goodShare: wanted === 0 ? 0 : good / wanted,
        hitRate: metrics['kv.hit_rate'] ?? 0,
      }
    })
  })
}

/** Good turns of each conversation on a node of its own, where nothing is forgotten. */
function goodAlone(options: CurveOptions, sessions: readonly TraceRequest[][], engine: EngineOptions): number[] {
  const { idle: _, sessionShareMax: __, tiers: ___, ...plain } = engine
  return sessions.map((turns, number) => {
    const longest = turns.reduce((most, { promptTokens, answerTokens }) => Math.max(most, promptTokens + answerTokens), 0)
    const blocks = Math.max(plain.blocks, 4 * Math.ceil(longest / options.blockTokens))
    const started = turns.map((request) => ({ ...request, arrivalMs: number * startsApartMs }))
    return serve(options, { ...plain, blocks }, started).metrics['goodput.turns'] ?? 0
  })
}

function hinted(options: CurveOptions, { hints }: CurveColumn, open: readonly TraceRequest[][]): TraceRequest[] {
  const requests = open.flatMap((turns, number) => turns.map((request) => ({ ...request, arrivalMs: number * startsApartMs })))
  const random = options.random.fork('hints')
  return hints === undefined ? requests : withHints(requests, hints, () => normal(random))
}

const serve = ({ limits, thinkMsMax, untilMs }: CurveOptions, engine: EngineOptions, requests: readonly TraceRequest[]): ServingReport =>
  serveTrace({ requests, engine, closedLoop: true, limits, thinkMsMax, untilMs })

function meanPrompt(sessions: readonly TraceRequest[][]): number {
  const turns = sessions.flat()
  return Math.round(turns.reduce((sum, { promptTokens }) => sum + promptTokens, 0) / Math.max(1, turns.length))
}
