import type { Millis } from '@infermesh/kernel'
import type { MessageOf } from '@infermesh/protocol'
import type { Refusal } from '../client/refusal.ts'
import { modelOf, type Session } from './session.ts'

/** Why an attempt ended without an answer. */
export interface Why {
  readonly code: string
  readonly detail: string
  readonly retryAfter?: Millis | undefined
}

export const waitedOut = (session: Session, reason: string, waited: Millis): Refusal =>
  session.lastRefusal ?? { code: 'owner-offline', detail: `${modelOf(session)}: waited ${waited} ms for a holder; ${reason}` }

/** The end of an answer that an earlier session brought whole. */
export const completedBefore = (session: Session, now: Millis): MessageOf<'Completed'> => ({
  type: 'Completed',
  tokens: session.tokens.length,
  finish: 'length',
  epoch: 0,
  endedAt: now,
  resumed: true,
})
