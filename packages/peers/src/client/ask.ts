import type { Amount, Millis } from '@infermesh/kernel'
import { type Envelope, type MessageOf, type PeerServices, type Request, tokensHashOf } from '@infermesh/protocol'
import { isToken, textOf } from '@infermesh/serving'
import type { AnswerEvent } from './answer-events.ts'
import { type OpenedRequest, openNested } from './opened-request.ts'
import { receiptFault } from './receipt-check.ts'

/** What came of a message from the gateway: something to tell the caller, nothing new, or a fault of the gateway. */
export type Taken =
  | { readonly state: 'news'; readonly event: AnswerEvent }
  | { readonly state: 'known' }
  | { readonly state: 'fault'; readonly reason: string }

/** What an answer is checked against. */
export interface Asked {
  readonly requestId: string
  readonly envelope: { readonly payload: Request }
}

/** One request and its answer so far. Keeps each token once, whichever gateways bring them. */
export class Ask<Opened extends Asked = OpenedRequest> {
  readonly opened: Opened
  readonly startedAt: Millis
  readonly #services: PeerServices
  readonly #tokens: number[] = []
  readonly #receipts = new Map<string, Envelope<'receipt'>>()
  #firstTokenAt: Millis | undefined

  constructor(opened: Opened, services: PeerServices, now: Millis) {
    this.opened = opened
    this.startedAt = now
    this.#services = services
  }

  count(): number {
    return this.#tokens.length
  }

  /** A gateway that starts again at the beginning may only repeat what is known. */
  takeTokens({ from, tokens }: MessageOf<'Tokens'>, now: Millis): Taken {
    const known = this.#tokens.length
    if (from > known) return { state: 'fault', reason: `expected tokens from ${known} on, found ${from}` }
    if (from + tokens.length > this.opened.envelope.payload.maxTokens) return { state: 'fault', reason: 'more tokens than asked for' }
    const repeated = tokens.slice(0, known - from)
    if (repeated.some((token, index) => token !== this.#tokens[from + index])) {
      return { state: 'fault', reason: `tokens from ${from} differ from those that came before` }
    }
    const fresh = tokens.slice(known - from)
    if (fresh.length === 0) return { state: 'known' }
    const text = spell(fresh)
    if (text === undefined) return { state: 'fault', reason: 'a token that is not in the vocabulary' }
    this.#tokens.push(...fresh)
    this.#firstTokenAt ??= now
    return { state: 'news', event: { kind: 'tokens', from: known, tokens: fresh, text } }
  }

  takeReceipt({ receipt }: MessageOf<'Receipted'>, manifest: Envelope<'manifest'> | undefined): Taken {
    const opened = openNested('receipt', receipt, this.#services)
    if (!opened.ok) return { state: 'fault', reason: opened.refusal.detail }
    const { id, payload, signer } = opened.value
    if (this.#receipts.has(id)) return { state: 'known' }
    const { requestId, envelope } = this.opened
    const expected = { requestId, request: envelope.payload, tokens: this.#tokens, manifest: manifest?.payload }
    const fault = receiptFault(opened.value, expected, this.#services)
    if (fault !== undefined) return { state: 'fault', reason: fault }
    // Another gateway may have had the same stretch made again. Only one of the two can be paid.
    if (this.#inOrder().some((other) => other.payload.from < payload.to && payload.from < other.payload.to)) return { state: 'known' }
    if (this.charged() + payload.amount > envelope.payload.maxCharge) return { state: 'fault', reason: 'it charges more than was signed' }
    this.#receipts.set(id, opened.value)
    const { from, to, amount, epoch } = payload
    return { state: 'news', event: { kind: 'receipt', id, from, to, amount, epoch, operator: this.#services.directory.nameOf(signer) } }
  }

  charged(): Amount {
    return this.#inOrder().reduce((sum, { payload }) => sum + payload.amount, 0)
  }

  /** What is known at the end, whatever the outcome is. */
  summary(now: Millis): Omit<Extract<AnswerEvent, { readonly kind: 'ended' }>, 'outcome'> {
    const receipts = this.#inOrder()
    const operators = [...new Set(receipts.map(({ signer }) => this.#services.directory.nameOf(signer)))]
    const { requestId, envelope } = this.opened
    return {
      kind: 'ended',
      requestId,
      usage: { promptTokens: envelope.payload.promptTokens, answerTokens: this.#tokens.length },
      receipts: receipts.map(({ id }) => id),
      operators,
      charged: this.charged(),
      totalMs: now - this.startedAt,
      ...(this.#firstTokenAt === undefined ? {} : { ttftMs: this.#firstTokenAt - this.startedAt }),
    }
  }

  outputHash(): string {
    return tokensHashOf(this.#services.crypto.hash, this.#tokens)
  }

  #inOrder(): readonly Envelope<'receipt'>[] {
    return [...this.#receipts.values()].sort((left, right) => left.payload.from - right.payload.from)
  }
}

/** One vocabulary for every engine. */
const spell = (tokens: readonly number[]): string | undefined => (tokens.every(isToken) ? textOf(tokens) : undefined)
