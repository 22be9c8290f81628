/** Names of the prompt's blocks, for reuse: `keys[i]` names tokens up to `(i + 1) * blockTokens`. Whole numbers below 2^52. */
export interface PrefixKeys {
  readonly blockTokens: number
  readonly keys: ArrayLike<number>
}

/** What the client waits for between two turns. */
export type PauseKind = 'tool' | 'user'

/** A client's own guess of its return: the median in ms, and the sigma of a lognormal around it. */
export interface ReturnHint {
  readonly expectMs: number
  readonly sigma: number
}

/** A request's place in a conversation. */
export interface SessionTurn {
  readonly session: string
  /** From 0. */
  readonly turn: number
  /** No turn follows. */
  readonly last: boolean
  /** What follows this turn. */
  readonly pause: PauseKind
  readonly hint?: ReturnHint
}

export interface EngineRequest {
  readonly id: string
  readonly promptTokens: number
  readonly answerTokens: number
  readonly prefix?: PrefixKeys
  readonly session?: SessionTurn
}

/** What one request cost. Instants are engine time in ms and may be fractions. */
export interface RequestCost {
  readonly promptTokens: number
  readonly answerTokens: number
  readonly arrivedAt: number
  readonly scheduledAt: number
  readonly firstTokenAt: number
  readonly lastTokenAt: number
  /** Longest wait between two tokens of the answer. */
  readonly worstGapMs: number
  /** Prompt tokens found on the GPU, and in lower tiers. */
  readonly cachedTokens: number
  readonly loadedTokens: number
  /** Tokens this request computed more than once. */
  readonly recomputedTokens: number
  readonly preemptions: number
}

export type EngineEvent =
  | { readonly type: 'firstToken'; readonly id: string; readonly at: number }
  /** Answer tokens `from` to `from + count`, exclusive; the first token is reported again here. */
  | { readonly type: 'tokens'; readonly id: string; readonly at: number; readonly from: number; readonly count: number }
  | { readonly type: 'finished'; readonly id: string; readonly at: number; readonly cost: RequestCost }
  | { readonly type: 'preempted'; readonly id: string; readonly at: number }
  | { readonly type: 'refused'; readonly id: string; readonly at: number; readonly reason: string }
