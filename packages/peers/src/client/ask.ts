import { emit, type Millis, type PeerId, respond } from '@infermesh/kernel'
import type { Envelope, Message, MessageOf, PeerEffect, PeerServices, ToldTokens } from '@infermesh/protocol'
import { UntoldTokens } from '../untold-tokens.ts'
import { Answer, type Asked, type Refused } from './answer.ts'
import type { AnswerEvent } from './answer-events.ts'
import { type Showing, Shown } from './shown.ts'

/** What a message from the gateway means for the request. */
export type Heard =
  | { readonly state: 'going' }
  | { readonly state: 'done'; readonly completed: MessageOf<'Completed'> }
  | { readonly state: 'refused'; readonly refusal: MessageOf<'Refused'> }
  /** The gateway contradicts itself, or what it brings is not what an operator signed. Nothing unsigned of it is kept. */
  | { readonly state: 'fault'; readonly detail: string }
  /** What the caller was shown turned out wrong, and it can't take it back. */
  | { readonly state: 'broken'; readonly detail: string }

export type Hearing = Heard & { readonly effects: readonly PeerEffect[] }

export type Ending = Pick<
  Extract<AnswerEvent, { readonly kind: 'ended' }>,
  'outcome' | 'code' | 'detail' | 'finish' | 'resumed' | 'retryAfterMs'
>

export interface AskOptions<Opened> {
  readonly opened: Opened
  /** The local call that hears the answer. */
  readonly caller: string
  readonly canTakeBack: boolean
}

/** One request and its answer so far, whichever gateways bring it; and what its caller and the trace hear of it. */
export class Ask<Opened extends Asked> {
  readonly opened: Opened
  readonly caller: string
  readonly answer: Answer
  readonly #startedAt: Millis
  readonly #services: PeerServices
  readonly #shown: Shown
  readonly #untold = new UntoldTokens()
  #gateway: PeerId = ''
  #refused: Refused | undefined
  #firstTokenAt: Millis | undefined
  #dispatches = 0

  constructor({ opened, caller, canTakeBack }: AskOptions<Opened>, services: PeerServices, now: Millis) {
    this.opened = opened
    this.caller = caller
    this.answer = new Answer(opened, services)
    this.#services = services
    this.#startedAt = now
    this.#shown = new Shown(canTakeBack)
  }

  started(): PeerEffect {
    return this.#say({ kind: 'started', requestId: this.opened.requestId })
  }

  /** The request goes to this gateway now. */
  sentTo(gateway: PeerId): void {
    this.#gateway = gateway
    this.answer.comesFrom({ gateway, operator: undefined })
  }

  /** The highest number of a dispatch that was heard of. */
  dispatches(): number {
    return this.#dispatches
  }

  hear(message: Message, manifest: Envelope<'manifest'> | undefined, now: Millis): Hearing {
    switch (message.type) {
      case 'Working':
        this.#dispatches = Math.max(this.#dispatches, message.attempt)
        this.answer.comesFrom({ gateway: this.#gateway, operator: message.operator })
        return { state: 'going', effects: [] }
      case 'Tokens':
        return this.#onTokens(message, now)
      case 'Receipted':
        return this.#onReceipt(message, manifest, now)
      case 'Completed':
        return this.#onCompleted(message, now)
      case 'Refused':
        return { state: 'refused', refusal: message, effects: [] }
      default:
        return this.#fault(`it answered ${message.type}`, now)
    }
  }

  /** All that came is worth nothing: the next attempt begins at the first token. */
  restart(reason: string, now: Millis): readonly PeerEffect[] {
    return this.#drop(this.answer.restart(this.answer.operator() ?? this.#gateway, reason), now)
  }

  end(ending: Ending, now: Millis): readonly PeerEffect[] {
    const { requestId, envelope } = this.opened
    const { outcome, code, detail } = ending
    const { answer } = this
    const ttft = this.#firstTokenAt === undefined ? {} : { ttftMs: this.#firstTokenAt - this.#startedAt }
    const totalMs = now - this.#startedAt
    const receipts = answer.receipts()
    const event = {
      ...{ type: 'requestEnded', requestId, model: envelope.payload.model, outcome, tokens: answer.count(), totalMs, ...ttft },
      ...(code === undefined ? {} : { code, detail: detail ?? '' }),
      ...(answer.count() > 0 && answer.isVouched() ? { outputHash: answer.outputHash() } : {}),
    } as const
    const said: AnswerEvent = {
      kind: 'ended',
      ...{ requestId, totalMs, ...ttft },
      usage: { promptTokens: envelope.payload.promptTokens, answerTokens: answer.count() },
      receipts: receipts.map(({ id }) => id),
      operators: [...new Set(receipts.map(({ signer }) => this.#services.directory.nameOf(signer)))],
      charged: answer.charged(),
      ...ending,
    }
    return [...this.#told(this.#untold.tell(now)), emit(event), this.#say(said, true)]
  }

  #onTokens(message: MessageOf<'Tokens'>, now: Millis): Hearing {
    const taken = this.answer.takeTokens(message)
    if (taken.state === 'fault') return this.#fault(taken.reason, now)
    if (taken.state === 'known') return { state: 'going', effects: [] }
    this.#firstTokenAt ??= now
    const dropped = taken.refused === undefined ? [] : this.#drop(taken.refused, now)
    const { from, tokens } = taken
    const received = this.#told(this.#untold.add(from, from + tokens.length, now))
    return this.#showing(this.#shown.show(from, tokens), [...dropped, ...received])
  }

  #onReceipt(message: MessageOf<'Receipted'>, manifest: Envelope<'manifest'> | undefined, now: Millis): Hearing {
    const taken = this.answer.takeReceipt(message, manifest)
    if (taken.state === 'fault') return this.#fault(taken.reason, now)
    if (taken.state === 'known') return { state: 'going', effects: [] }
    const { id, payload, signer } = taken.receipt
    const { from, to, amount, epoch } = payload
    const operator = this.#services.directory.nameOf(signer)
    const received = this.#told(this.#untold.tell(now))
    return { state: 'going', effects: [...received, this.#say({ kind: 'receipt', id, from, to, amount, epoch, operator })] }
  }

  #onCompleted(completed: MessageOf<'Completed'>, now: Millis): Hearing {
    const count = this.answer.count()
    if (completed.tokens !== count || count === 0) return this.#fault(`it counts ${completed.tokens} tokens, ${count} came`, now)
    if (!this.answer.isVouched()) return this.#fault(`no receipt vouches for the tokens from ${this.answer.vouched()} on`, now)
    const showing = this.#showing(this.#shown.end(count), [])
    return showing.state === 'going' ? { ...showing, state: 'done', completed } : showing
  }

  #showing(showing: Showing, effects: readonly PeerEffect[]): Hearing {
    if (showing.state === 'told') return { state: 'going', effects: [...effects, ...showing.events.map((event) => this.#say(event))] }
    const { by, reason } = this.#refused ?? { by: this.#gateway, reason: 'the answer ended before' }
    const detail = `${this.#services.directory.nameOf(by)} brought a wrong token ${showing.at}, which was shown already: ${reason}`
    return { state: 'broken', detail, effects }
  }

  #fault(reason: string, now: Millis): Hearing {
    const { requestId } = this.opened
    const blamed = emit({ type: 'refusedInput', from: this.#gateway, what: `answer to ${requestId}`, reason } as const)
    const detail = `the answer that ${this.#services.directory.nameOf(this.#gateway)} brought is not what an operator signed: ${reason}`
    return { state: 'fault', detail, effects: [blamed, ...this.#drop(this.answer.distrust(this.#gateway, reason), now)] }
  }

  #drop(refused: Refused, now: Millis): readonly PeerEffect[] {
    this.#refused = refused
    return [...this.#told(this.#untold.tell(now)), emit({ type: 'answerRefused', requestId: this.opened.requestId, ...refused } as const)]
  }

  #told(told: readonly ToldTokens[]): readonly PeerEffect[] {
    const { requestId } = this.opened
    return told.map((tokens) => emit({ type: 'tokensReceived', requestId, ...tokens } as const))
  }

  #say(event: AnswerEvent, last = false): PeerEffect {
    return respond(this.caller, { type: 'CommandDone', result: JSON.stringify(event) }, last)
  }
}
