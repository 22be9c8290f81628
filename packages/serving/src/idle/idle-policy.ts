import type { PauseKind, ReturnHint } from '../engine/request.ts'

/** A session between two turns, with its KV still somewhere. */
export interface IdleSession {
  readonly session: string
  readonly pause: PauseKind
  readonly contextTokens: number
  readonly since: number
  readonly hint?: ReturnHint
}

/** What the engine is busy with at the moment of a decision. */
export interface EngineLoad {
  /** KV tokens of running requests. */
  readonly residentTokens: number
  /** KV tokens of the whole GPU. */
  readonly capacityTokens: number
  readonly runningRequests: number
}

/** What to do with a session's KV when its turn ends. */
export interface Hold {
  /** Kept at most this long, Infinity: until memory is short. 0: dropped at once. */
  readonly keepMs: number
  /** Leading tokens that are guarded; the tail is the first to go under pressure. */
  readonly guardTokens: number
  /** Moved to a lower tier at once. */
  readonly swap: boolean
}

/** Decides about KV that waits for its user or tool. */
export interface IdlePolicy {
  readonly name: string
  suspended(session: IdleSession, load: EngineLoad): Hold
  /** Who gives up blocks first when memory is short: the largest rank. */
  rank(session: IdleSession, now: number): number
  /** A session came back after so long. */
  returned(session: IdleSession, gapMs: number): void
}

export const keep = (session: IdleSession): Hold => ({
  keepMs: Number.POSITIVE_INFINITY,
  guardTokens: session.contextTokens,
  swap: false,
})

/** Longest idle first. */
export const byAge = (session: IdleSession, now: number): number => now - session.since
