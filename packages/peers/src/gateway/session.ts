import { emit, type Millis, type PeerId, respond } from '@infermesh/kernel'
import type { Envelope, Message, MessageOf, PeerEffect } from '@infermesh/protocol'
import type { OpenedRequest } from '../client/opened-request.ts'
import type { Refusal } from '../client/refusal.ts'

/** One request at one gateway, from the first `Infer` to its end. */
export interface Session {
  readonly opened: OpenedRequest
  readonly tokens: number[]
  readonly receipts: Uint8Array[]
  /** Leading tokens that a receipt vouches for: nobody's word takes them back. */
  vouched: number
  /** Who made the last tokens, here or for another gateway, and may still have what follows. */
  operator: PeerId | undefined
  /** Calls that are told what happens; more than one when a client asked again. */
  readonly listeners: Set<string>
  /** Who failed this request, when, and for a private model under which epoch. */
  readonly failures: Map<PeerId, { readonly at: Millis; readonly epoch: number }>
  /** Counts dispatches over all sessions of this request; names the attempt. */
  attempt: number
  /** Dispatches of this session alone; bounded. */
  tries: number
  lastRefusal: Refusal | undefined
  /** When the listeners last heard something. */
  saidAt: Millis
  phase: Phase
}

export type Phase =
  | { readonly state: 'learning' }
  | { readonly state: 'idle' }
  | { readonly state: 'waiting'; readonly until: Millis }
  | { readonly state: 'running'; readonly callId: string; readonly operator: PeerId; readonly epoch: number; heardAt: Millis }

/** What is kept of an ended request. Without `completed`, a client that asks again gets the rest from another attempt. */
export interface Ended {
  readonly tokens: readonly number[]
  readonly receipts: readonly Uint8Array[]
  readonly vouched: number
  readonly operator: PeerId | undefined
  readonly attempt: number
  readonly completed: MessageOf<'Completed'> | undefined
}

export const modelOf = (session: Session): string => session.opened.envelope.payload.model
export const clientOf = (session: Session): PeerId => session.opened.envelope.signer
export const requestOf = (session: Session): Envelope<'request'>['payload'] => session.opened.envelope.payload

/** Takes back the tokens that no receipt vouches for. Says whether there were any. */
export function cut(session: Session): boolean {
  const hadMore = session.tokens.length > session.vouched
  session.tokens.length = session.vouched
  return hadMore
}

/** Nothing that its operator made counts unless a receipt vouches for it, and it is not asked first again. */
export function disown(session: Session): void {
  cut(session)
  session.operator = undefined
}

export const blame = (session: Session, from: PeerId, reason: string): PeerEffect =>
  emit({ type: 'refusedInput', from, what: `answer to ${session.opened.requestId}`, reason })

export function tell(session: Session, message: Message, now: Millis, last = false): PeerEffect[] {
  session.saidAt = now
  return [...session.listeners].map((listener) => respond(listener, message, last))
}

/** Brings a call that came later up to what the others know. */
export function replay(listener: string, { tokens, receipts }: Pick<Ended, 'tokens' | 'receipts'>): PeerEffect[] {
  const effects: PeerEffect[] = []
  for (let from = 0; from < tokens.length; from += TOKENS_MAX) {
    effects.push(respond(listener, { type: 'Tokens', from, tokens: tokens.slice(from, from + TOKENS_MAX) }, false))
  }
  for (const receipt of receipts) effects.push(respond(listener, { type: 'Receipted', receipt }, false))
  return effects
}

/** The same for a call that comes while an operator is at work. */
export function catchUp(listener: string, session: Session): PeerEffect[] {
  const { phase, attempt } = session
  if (phase.state !== 'running') return replay(listener, session)
  return [respond(listener, { type: 'Working', operator: phase.operator, attempt }, false), ...replay(listener, session)]
}

/** What one `Tokens` message may carry. */
const TOKENS_MAX = 4096
