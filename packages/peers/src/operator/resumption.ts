import { respond } from '@infermesh/kernel'
import type { Envelope, Message, PeerEffect, PeerServices } from '@infermesh/protocol'
import { type Opened, refuseWith } from '../client/opened-request.ts'
import { referenceAnswer } from './answer.ts'
import { ONNX_BUILD, PROXY_BUILD } from './engine/computed-answer.ts'
import type { UsableModel } from './execution.ts'
import type { Attempt } from './execution-check.ts'

/** What this operator has signed for a request, under one epoch. */
export interface OwnWork {
  /** The whole answer up to the end of the last receipt. */
  readonly tokens: readonly number[]
  readonly receipts: readonly Envelope<'receipt'>[]
}

/** An attempt's beginning: the tokens that are there, and the receipts that whoever asks may lack. */
export interface Head {
  readonly tokens: readonly number[]
  readonly receipts: readonly Envelope<'receipt'>[]
}

/**
 * Goes on from what a gateway brings, or from this operator's own work where that is longer: what was made and signed is not made again.
 * What is brought is checked against the model, because the next receipt vouches for it too.
 */
export function headFor(attempt: Attempt, own: OwnWork, model: UsableModel, services: PeerServices): Opened<Head> {
  const brought = attempt.tokens
  const from = own.tokens.length
  if (!agree(own.tokens, brought)) return mismatch
  const made = brought.length > from ? remade(attempt, from, model, services) : undefined
  if (made !== undefined && !agree(made, brought.slice(from))) return mismatch
  const tokens = from > brought.length ? own.tokens : brought
  return { ok: true, value: { tokens, receipts: own.receipts } }
}

/** Tells a caller what there is beyond the tokens that it has. */
export function repeated(listener: string, from: number, { tokens, receipts }: Head): PeerEffect[] {
  const effects: PeerEffect[] = []
  for (let at = from; at < tokens.length; at += TOKENS_MAX)
    effects.push(respond(listener, { type: 'Tokens', from: at, tokens: tokens.slice(at, at + TOKENS_MAX) }, false))
  const news = receipts.filter(({ payload }) => payload.to >= from)
  return [...effects, ...news.map(({ bytes }) => respond<Message>(listener, { type: 'Receipted', receipt: bytes }, false))]
}

/** Whether the shorter list begins the longer one. */
export function agree(left: readonly number[], right: readonly number[]): boolean {
  const common = Math.min(left.length, right.length)
  return left.slice(0, common).every((token, index) => token === right[index])
}

/** `undefined` where a job makes the tokens: it makes them anew, and they are compared then. */
function remade({ opened, tokens }: Attempt, from: number, { manifest, weightsRoot }: UsableModel, { crypto }: PeerServices) {
  if (manifest.engineBuild === ONNX_BUILD || manifest.engineBuild === PROXY_BUILD) return undefined
  const question = { hash: crypto.hash, weightsRoot, prompt: opened.prompt, request: opened.envelope.payload }
  return referenceAnswer(question).tokens(from, tokens.length - from)
}

export const mismatch = refuseWith({
  code: 'prefix-mismatch',
  detail: 'the tokens that an earlier attempt brought are not those of this model',
})

/** What one `Tokens` message may carry. */
const TOKENS_MAX = 4096
