import type { Millis, TraceRecord } from '@infermesh/kernel'

/** What a worker is started with. */
export interface Boot {
  readonly entry: string
  readonly seed: string | number
  readonly plan: unknown
}

/** How far a run has come. */
export interface StackProgress {
  readonly virtualMs: Millis
  readonly wallMs: number
  /** Since the run began, and pending now. */
  readonly events: number
  readonly pending: number
}

/** What a run broke on, in a form that crosses threads. */
export interface FailureText {
  readonly name: string
  readonly message: string
  readonly stack: string
}

export type FromWorker =
  | { readonly type: 'records'; readonly batch: readonly TraceRecord[] }
  | { readonly type: 'progress'; readonly progress: StackProgress }
  | { readonly type: 'checkpoint'; readonly now: Millis }
  | { readonly type: 'done'; readonly result: unknown }
  | { readonly type: 'failed'; readonly failure: FailureText }

export type ToWorker = { readonly type: 'goOn'; readonly isWanted: boolean } | { readonly type: 'abort' }
