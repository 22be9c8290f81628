import { type Amount, clearTimer, emit, type Millis, type PeerId, respond, setTimer } from '@infermesh/kernel'
import {
  bodyHashOf,
  type Envelope,
  type ErrorCode,
  type Message,
  type MessageOf,
  type PeerEffect,
  type PeerServices,
  type Request,
  requestIdOf,
  type Signer,
  toHex,
  traceparentOf,
} from '@infermesh/protocol'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import { promptTokensOf } from '../../client/charge.ts'
import { openNested } from '../../client/opened-request.ts'
import { refused } from '../../client/refusal.ts'
import { sealedNameOf } from '../../relay/sealed-name.ts'
import { completionContent, eventContent, nativeContent } from './answer-content.ts'
import { httpStream, httpWhole, slotStream } from './answer-stream.ts'
import { IssuerSearch, SEARCH_KEY, SEARCH_PREFIX } from './issuer-search.ts'
import { ANNOUNCE_KEY, KeyKeeper } from './key-keeper.ts'
import { type ObliviousGatewayConfig, wholePadding } from './oblivious-config.ts'
import { OpenExchange } from './open-exchange.ts'
import type { Question } from './question.ts'
import { type Opened, Reception } from './reception.ts'
import { DEPOSIT_KEY, type Paid, Till } from './till.ts'

/** Front of every timer key and call id of this part. */
export const OBLIVIOUS_PREFIX = 'oblivious/'
const SLOT_PREFIX = 'oblivious/slot/'

export interface ObliviousDeskParts {
  readonly config: Required<ObliviousGatewayConfig>
  readonly services: PeerServices
  readonly signer: Signer
  /** The gateway's ordinary way of serving. */
  readonly infer: (message: MessageOf<'Infer'>, listener: string, now: Millis) => readonly PeerEffect[]
}

type Served = Extract<Opened, { readonly type: 'accepted' | 'answered' }>

/**
 * Takes sealed requests, has them served like any other, in the gateway's own name and at its own cost, and seals what comes back. It knows
 * which relay brought a request, and no more.
 */
export class ObliviousDesk {
  readonly #parts: ObliviousDeskParts
  readonly #keys: KeyKeeper
  readonly #reception: Reception
  readonly #till: Till
  readonly #search: IssuerSearch
  readonly #open = new Map<string, OpenExchange>()

  constructor(parts: ObliviousDeskParts) {
    const { config, services, signer } = parts
    this.#parts = parts
    this.#keys = new KeyKeeper(config, services, signer)
    this.#reception = new Reception(config, obliviousOf(services).primitives, this.#keys.ring)
    this.#till = new Till({ entriesMax: config.replaysMax, depositEvery: config.depositEvery }, services)
    this.#search = new IssuerSearch(services)
  }

  onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): PeerEffect[] {
    return [...this.#keys.onStarted(now), ...this.#till.onStarted(saved), ...this.#searchIssuers(now)]
  }

  #searchIssuers(now: Millis): PeerEffect[] {
    return this.#parts.config.payment === 'tokens' && !this.#till.knowsIssuer(now) ? this.#search.ask() : []
  }

  hear(envelope: Envelope<'tokenKey'>): void {
    this.#till.hear(envelope)
  }

  /** `application/ohttp-keys`. */
  published(now: Millis): Uint8Array {
    return this.#keys.published(now)
  }

  onTimer(key: string, now: Millis): PeerEffect[] {
    if (key === ANNOUNCE_KEY) return this.#keys.announce(now)
    if (key === DEPOSIT_KEY) return this.#till.deposit()
    if (key === SEARCH_KEY) return this.#searchIssuers(now)
    return this.#onSlot(key.slice(SLOT_PREFIX.length))
  }

  onResponse(callId: string, message: Message): PeerEffect[] {
    if (message.type === 'TokensTaken') return this.#till.onDeposited(callId, message)
    if (message.type === 'KeysFound') for (const found of this.#search.found(message)) this.#till.hear(found)
    if (callId.startsWith(SEARCH_PREFIX)) return []
    this.#till.onDepositFailed(callId)
    return []
  }

  onFailed(callId: string): void {
    this.#till.onDepositFailed(callId)
  }

  onSealed(message: MessageOf<'Sealed'>, call: { readonly id: string; readonly from: PeerId }, now: Millis): PeerEffect[] {
    const { config, services } = this.#parts
    const sealed = sealedNameOf(services, message.body)
    if (this.#open.size >= config.running) {
      const detail = `this gateway answers ${config.running} sealed requests, its limit`
      return this.#refuse({ ...call, sealed }, { code: 'not-processed', detail })
    }
    if (config.payment === 'tokens' && !this.#till.knowsIssuer(now)) {
      return this.#refuse({ ...call, sealed }, { code: 'not-processed', detail: 'this gateway does not know an issuer of tokens yet' })
    }
    const opened = this.#reception.receive(message, this.#httpDefaults(now), now)
    if (opened.type === 'refused') return this.#refuse({ ...call, sealed }, opened)
    const exchange = this.#begin(opened, call.id, sealed)
    const seen = { type: 'sealedOpened', sealed, relay: call.from, bytes: message.body.length } as const
    const pace = config.answers.kind === 'slots' && opened.shape === 'native' ? [setTimer(SLOT_PREFIX + call.id, config.answers.every)] : []
    if (opened.type === 'answered') {
      return [emit({ ...seen, code: opened.code }), ...pace, ...this.#answer(exchange, { code: opened.code, detail: opened.detail })]
    }
    if (opened.question.kind === 'cover') return [emit(seen), ...pace, ...this.#say(exchange, COVER, true)]
    const paid = this.#takePayment(opened.question, exchange, now)
    if (!paid.ok)
      return [
        emit({ ...seen, code: 'payment-refused' }),
        ...pace,
        ...this.#answer(exchange, { code: 'payment-refused', detail: paid.detail }),
      ]
    exchange.payment = paid.payment
    const request = this.#requestOf(opened.question)
    exchange.requestId = requestIdOf(services.crypto.hash, services.identity.peerId, request)
    const { model, promptTokens, maxTokens } = request
    const event = { ...seen, requestId: exchange.requestId, model, promptTokens, maxTokens } as const
    const envelope = this.#parts.signer.sign('request', request, now)
    const infer = { type: 'Infer', request: envelope.bytes, prompt: opened.question.prompt } as const
    return [emit(event), ...pace, ...this.#parts.infer(infer, call.id, now)]
  }

  /** The relay is gone, or hung up. True when the call was one of these. */
  onCancelled(id: string): boolean {
    const exchange = this.#open.get(id)
    if (exchange === undefined) return false
    this.#release(exchange)
    this.#open.delete(id)
    return true
  }

  /** Puts under seal whatever the gateway's effects tell a sealed request's call. */
  translate(effects: readonly PeerEffect[]): readonly PeerEffect[] {
    if (this.#open.size === 0) return effects
    return effects.flatMap((effect) => {
      const exchange = effect.type === 'respond' && effect.message.type !== 'SealedPart' ? this.#open.get(effect.requestId) : undefined
      return exchange === undefined || effect.type !== 'respond' ? [effect] : this.#say(exchange, effect.message, effect.last)
    })
  }

  #begin({ exchange, shape, ...opened }: Served, id: string, sealed: string): OpenExchange {
    const { config, services } = this.#parts
    const { entropy } = obliviousOf(services)
    const options = { exchange, entropy, pacing: config.answers }
    const question = opened.type === 'accepted' ? opened.question : undefined
    const head = { id: `chatcmpl-${sealed}`, model: question?.model ?? '' }
    const content = shape === 'native' ? nativeContent : question?.isStream === true ? eventContent(head) : completionContent(head)
    const stream =
      shape === 'native' ? slotStream(options) : shape === 'http' ? httpWhole(options, wholePadding) : httpStream(options, wholePadding)
    const begun = new OpenExchange({ id, sealed, content, stream })
    this.#open.set(id, begun)
    return begun
  }

  #say(exchange: OpenExchange, message: Message, last: boolean): PeerEffect[] {
    const { config, services } = this.#parts
    const effects: PeerEffect[] = []
    if (message.type === 'Tokens' && message.tokens.length > 0) effects.push(...this.#consume(exchange))
    if (message.type === 'Receipted' && config.payment === 'account') {
      const receipt = openNested('receipt', message.receipt, services)
      exchange.cost += receipt.ok ? receipt.value.payload.amount : 0
    }
    if (last) this.#release(exchange)
    return [...effects, ...this.#send(exchange, exchange.stream.push(exchange.content(message, last), last))]
  }

  #send(exchange: OpenExchange, pieces: ReturnType<OpenExchange['stream']['push']>): PeerEffect[] {
    return pieces.flatMap(({ data, plainBytes, last }): PeerEffect[] => {
      const { id, sealed } = exchange
      const cost: Amount | undefined =
        last && this.#parts.config.payment === 'account' && exchange.requestId !== undefined ? exchange.cost : undefined
      if (last) this.#open.delete(id)
      const event = { type: 'answerSealed', sealed, bytes: data.length, plainBytes, last } as const
      return [emit(event), respond(id, { type: 'SealedPart', data, cost }, last), ...(last ? [clearTimer(SLOT_PREFIX + id)] : [])]
    })
  }

  #onSlot(id: string): PeerEffect[] {
    const exchange = this.#open.get(id)
    const { answers } = this.#parts.config
    if (exchange === undefined || answers.kind !== 'slots') return []
    const sent = this.#send(exchange, exchange.stream.tick())
    return this.#open.has(id) ? [...sent, setTimer(SLOT_PREFIX + id, answers.every)] : sent
  }

  #takePayment(question: Question, exchange: OpenExchange, now: Millis): Paid {
    if (this.#parts.config.payment === 'account') return { ok: true, payment: { tokens: [], worth: question.maxCharge } }
    const paid = this.#till.lock(question.payment, exchange.id, question.deadline, now)
    if (!paid.ok || paid.payment.worth >= question.maxCharge) return paid
    this.#till.release(paid.payment, exchange.id)
    return { ok: false, detail: `expected tokens worth ${question.maxCharge} coins, found ${paid.payment.worth}` }
  }

  #consume(exchange: OpenExchange): PeerEffect[] {
    const { payment, requestId } = exchange
    exchange.payment = undefined
    if (payment === undefined || requestId === undefined || payment.tokens.length === 0) return []
    return [...this.#till.consume(payment, exchange.id), emit({ type: 'tokensSpent', requestId, count: payment.tokens.length })]
  }

  /** Tokens that bought no output are good again. */
  #release(exchange: OpenExchange): void {
    if (exchange.payment !== undefined) this.#till.release(exchange.payment, exchange.id)
    exchange.payment = undefined
  }

  #requestOf({ nonce, model, prompt, maxTokens, seed, maxCharge, deadline }: Question): Request {
    const { crypto, identity } = this.#parts.services
    const bodyHash = bodyHashOf(crypto.hash, prompt)
    const trace = traceparentOf(requestIdOf(crypto.hash, identity.peerId, { nonce, bodyHash }))
    return { nonce, bodyHash, model, promptTokens: promptTokensOf(prompt), maxTokens, seed, maxCharge, deadline, trace, session: undefined }
  }

  #httpDefaults(now: Millis) {
    const { entropy } = obliviousOf(this.#parts.services)
    const seed = entropy(4).reduce((sum, byte) => sum * 256 + byte, 0)
    return { nonce: toHex(entropy(16)), seed, deadline: now + HTTP_DEADLINE, maxCharge: HTTP_CHARGE_MAX }
  }

  #answer(exchange: OpenExchange, why: { readonly code: ErrorCode; readonly detail: string }): PeerEffect[] {
    return this.#say(exchange, refused(why), true)
  }

  /** Without details: whatever the reason is, a relay that tries keys learns nothing from it. */
  #refuse(
    { id, from, sealed }: { readonly id: string; readonly from: PeerId; readonly sealed: string },
    { code, detail }: { readonly code: ErrorCode; readonly detail: string },
  ): PeerEffect[] {
    const said = code === 'not-processed' ? detail : 'the sealed request was not opened'
    return [emit({ type: 'sealedRefused', sealed, relay: from, code } as const), respond(id, refused({ code, detail: said }))]
  }
}

/** What cover is answered with: an end, and nothing before it. */
const COVER: Message = { type: 'Completed', tokens: 0, finish: 'stop', epoch: 0, endedAt: 0, resumed: false }
const HTTP_DEADLINE: Millis = 120_000
const HTTP_CHARGE_MAX: Amount = 1_000_000
