import { Engine, type EngineOptions } from '../engine/engine.ts'
import type { OccupancyPoint } from '../engine/occupancy.ts'
import type { RequestCost } from '../engine/request.ts'
import type { TraceRequest } from '../trace/trace-request.ts'
import { distribution } from './distribution.ts'
import { replayTrace } from './trace-replay.ts'

/** What a turn must keep to be good work. */
export interface TurnLimits {
  readonly ttftMs: number
  /** Mean over the answer. */
  readonly tpotMs: number
}

export interface ServeOptions {
  readonly requests: readonly TraceRequest[]
  readonly engine: EngineOptions
  /** Later turns start after the answer before, plus their pause; else at their time in the trace. */
  readonly closedLoop?: boolean
  /** Turns, and session starts, that come later are left out. */
  readonly untilMs?: number
  /** Longer pauses are cut to this, in a closed loop. */
  readonly thinkMsMax?: number
  readonly limits?: TurnLimits
}

export interface Refusal {
  readonly id: string
  readonly reason: string
}

export interface ServingReport {
  /** Flat dotted names that end in their unit. */
  readonly metrics: Readonly<Record<string, number>>
  /** KV blocks by state over time. */
  readonly occupancy: readonly OccupancyPoint[]
  readonly refused: readonly Refusal[]
}

const defaultLimits: TurnLimits = { ttftMs: 5_000, tpotMs: 50 }

/** Runs a trace through one operator's engine and says how it went. Requests that never ran count against goodput's share. */
export function serveTrace(options: ServeOptions): ServingReport {
  const engine = new Engine({ tokenEvents: false, ...options.engine })
  const { costs, refused, offered, recomputedContext } = replayTrace(engine, options)
  const limits = options.limits ?? defaultLimits
  const endMs = costs.reduce((latest, { lastTokenAt }) => Math.max(latest, lastTokenAt), 0)
  const startMs = costs.reduce((first, { arrivedAt }) => Math.min(first, arrivedAt), endMs)
  const seconds = Math.max(endMs - startMs, 1) / 1000
  const good = costs.filter((cost) => ttft(cost) <= limits.ttftMs && tpot(cost) <= limits.tpotMs)
  const totals = engine.totals()
  return {
    metrics: {
      'requests.total': offered,
      'requests.finished': costs.length,
      'requests.refused': refused.length,
      ...distribution('requests.ttft_ms', costs.map(ttft)),
      ...distribution('requests.tpot_ms', costs.filter(({ answerTokens }) => answerTokens > 1).map(tpot)),
      ...distribution(
        'requests.e2e_ms',
        costs.map(({ lastTokenAt, arrivedAt }) => lastTokenAt - arrivedAt),
      ),
      ...distribution(
        'requests.worst_gap_ms',
        costs.map(({ worstGapMs }) => worstGapMs),
      ),
      'throughput.turns_per_s': costs.length / seconds,
      'throughput.tokens_per_s': sum(costs, ({ answerTokens }) => answerTokens) / seconds,
      'goodput.turns': good.length,
      'goodput.turns_per_s': good.length / seconds,
      'goodput.tokens_per_s': sum(good, ({ answerTokens }) => answerTokens) / seconds,
      'goodput.turn_share': offered === 0 ? 0 : good.length / offered,
      ...memoryMetrics(options.engine, costs),
      'kv.blocks_used.mean': totals.occupancy.active,
      'kv.blocks_used.max': totals.occupancy.activeMax,
      'kv.blocks_idle.mean': totals.occupancy.idle,
      'kv.blocks_free.mean': totals.occupancy.free,
      'kv.evictions': totals.evictions,
      'kv.recomputed_tokens': totals.recomputedTokens + recomputedContext,
      'kv.moved_bytes': totals.movedBytes,
      'engine.preemptions': totals.preemptions,
      'engine.steps': totals.steps,
      'engine.busy_share': Math.min(1, totals.busyMs / (seconds * 1000)),
      'engine.virtual_ms': endMs,
    },
    occupancy: totals.occupancy.series,
    refused,
  }
}

function memoryMetrics(engine: EngineOptions, costs: readonly RequestCost[]): Record<string, number> {
  const prompt = Math.max(
    1,
    sum(costs, ({ promptTokens }) => promptTokens),
  )
  const onGpu = sum(costs, ({ cachedTokens }) => cachedTokens)
  const below = sum(costs, ({ loadedTokens }) => loadedTokens)
  return {
    'kv.blocks': engine.blocks,
    'kv.hit_rate': (onGpu + below) / prompt,
    'kv.hit_rate_gpu': onGpu / prompt,
    'kv.hit_rate_tiers': below / prompt,
  }
}

const ttft = (cost: RequestCost): number => cost.firstTokenAt - cost.arrivedAt
const tpot = (cost: RequestCost): number => (cost.lastTokenAt - cost.firstTokenAt) / Math.max(1, cost.answerTokens - 1)
const sum = (costs: readonly RequestCost[], of: (cost: RequestCost) => number): number => costs.reduce((total, cost) => total + of(cost), 0)
