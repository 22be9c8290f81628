import type { Millis, PeerId } from '@infermesh/kernel'
import type { MessageOf } from '@infermesh/protocol'
import type { OpenedRequest } from '../client/opened-request.ts'
import type { Ended, Session } from './session.ts'

/** What is known of an answer before this gateway has done anything for it. */
export interface Head {
  readonly tokens: readonly number[]
  readonly receipts: readonly Uint8Array[]
  readonly vouched: number
  readonly operator: PeerId | undefined
  readonly attempt: number
}

const NOTHING: Head = { tokens: [], receipts: [], vouched: 0, operator: undefined, attempt: 0 }

/** What the client brings from another gateway, or what an earlier session here left, whichever has more. */
export function headOf(resume: MessageOf<'Resume'> | undefined, before: Ended | undefined): Head {
  if (resume === undefined) return before ?? NOTHING
  const { tokens, vouched, operator, attempt } = resume
  const brought = { tokens, receipts: [], vouched: Math.min(vouched, tokens.length), operator, attempt }
  if (before === undefined) return brought
  const longer = before.vouched >= brought.vouched && before.tokens.length >= tokens.length ? before : brought
  return { ...longer, operator: operator ?? before.operator, attempt: Math.max(attempt, before.attempt) }
}

export function sessionOf(opened: OpenedRequest, { tokens, receipts, vouched, operator, attempt }: Head, now: Millis): Session {
  return {
    opened,
    tokens: [...tokens],
    receipts: [...receipts],
    ...{ vouched, operator, attempt, tries: 0, listeners: new Set(), failures: new Map() },
    ...{ lastRefusal: undefined, saidAt: now, phase: { state: 'learning' } },
  }
}
