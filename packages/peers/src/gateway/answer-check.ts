import type { Message, MessageOf, PeerServices } from '@infermesh/protocol'
import { openNested } from '../client/opened-request.ts'
import { receiptFault } from '../client/receipt-check.ts'
import type { LeaseView } from './lease-view/lease-view.ts'
import { modelOf, type Phase, requestOf, type Session } from './session.ts'

/** What an operator's message means for the request it answers. */
export type AnswerCheck =
  | { readonly state: 'alive' }
  | { readonly state: 'tokens'; readonly message: MessageOf<'Tokens'> }
  /** `to`: the receipt vouches for all tokens before this one. */
  | { readonly state: 'receipt'; readonly message: MessageOf<'Receipted'>; readonly to: number }
  | { readonly state: 'completed'; readonly message: MessageOf<'Completed'> }
  | { readonly state: 'refused'; readonly message: MessageOf<'Refused'> }
  | { readonly state: 'invalid'; readonly reason: string }

type Running = Extract<Phase, { readonly state: 'running' }>

/** Checks an operator's message against what was asked and what came before. */
export function checkAnswer(
  session: Session,
  running: Running,
  message: Message,
  known: { readonly leases: LeaseView; readonly services: PeerServices },
): AnswerCheck {
  const delivered = session.tokens.length
  switch (message.type) {
    case 'Tokens':
      if (message.tokens.length === 0) return { state: 'alive' }
      if (message.from !== delivered) return invalid(`expected tokens from ${delivered}, found ${message.from}`)
      if (delivered + message.tokens.length > requestOf(session).maxTokens) return invalid('more tokens than asked for')
      return { state: 'tokens', message }
    case 'Receipted':
      return checkReceipt(session, running, message, known)
    case 'Completed':
      if (message.tokens !== delivered || delivered === 0) return invalid(`it counts ${message.tokens} tokens, ${delivered} came`)
      return session.vouched === delivered
        ? { state: 'completed', message }
        : invalid(`no receipt for the tokens from ${session.vouched} on`)
    case 'Refused':
      return { state: 'refused', message }
    default:
      return invalid(`it answered ${message.type}`)
  }
}

function checkReceipt(
  session: Session,
  { operator, epoch }: Running,
  message: MessageOf<'Receipted'>,
  { leases, services }: { readonly leases: LeaseView; readonly services: PeerServices },
): AnswerCheck {
  const opened = openNested('receipt', message.receipt, services)
  if (!opened.ok) return invalid(opened.refusal.detail)
  const { payload } = opened.value
  if (payload.epoch !== epoch) return invalid(`expected epoch ${epoch}, found ${payload.epoch}`)
  const manifest = leases.manifest(modelOf(session))?.payload
  const { requestId, prompt } = session.opened
  const expected = { requestId, request: requestOf(session), prompt, tokens: session.tokens, manifest, operator }
  const reason = receiptFault(opened.value, expected, services)
  return reason === undefined ? { state: 'receipt', message, to: payload.to } : invalid(reason)
}

/** A client takes no token without a receipt that fits, so an operator that has none is as good as lost. */
const invalid = (reason: string): AnswerCheck => ({ state: 'invalid', reason })
