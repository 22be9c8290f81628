import type { Amount, Millis } from '@infermesh/kernel'

/** What the caller of `submit` hears, one JSON object in each `CommandDone`, until `ended`. */
export type AnswerEvent =
  | { readonly kind: 'started'; readonly requestId: string }
  /** Each token once, in order, unless it was taken back. A token may be shown before a receipt vouches for it. */
  | { readonly kind: 'tokens'; readonly from: number; readonly tokens: readonly number[]; readonly text: string }
  /** The tokens from `from` on were wrong; others follow. Never said to a caller that streams: its request fails instead. */
  | { readonly kind: 'takenBack'; readonly from: number }
  | {
      readonly kind: 'receipt'
      readonly id: string
      readonly from: number
      readonly to: number
      readonly amount: Amount
      readonly epoch: number
      /** Directory name. */
      readonly operator: string
    }
  | {
      readonly kind: 'ended'
      readonly requestId?: string
      readonly outcome: 'ok' | 'failed' | 'cancelled'
      /** From the error registry, when failed. */
      readonly code?: string
      readonly detail?: string
      readonly retryAfterMs?: Millis
      readonly usage: { readonly promptTokens: number; readonly answerTokens: number }
      readonly finish?: 'length' | 'stop'
      /** Receipt ids, in token order. */
      readonly receipts: readonly string[]
      /** Directory names of those who signed them, each once. */
      readonly operators: readonly string[]
      /** Coins, over all receipts. */
      readonly charged: Amount
      /** Whether more than one attempt was needed. */
      readonly resumed?: boolean
      readonly totalMs?: Millis
      readonly ttftMs?: Millis
    }
