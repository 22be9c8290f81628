import { clearTimer, emit, type Failure, type Millis, type PeerId, setTimer } from '@infermesh/kernel'
import {
  bodyHashOf,
  type Message,
  type PeerEffect,
  type PeerServices,
  requestIdOf,
  type SealedQuestion,
  saltedPrompt,
  toHex,
  traceparentOf,
} from '@infermesh/protocol'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import { Ask, type Ending, type Hearing } from '../ask.ts'
import { promptTokensOf } from '../charge.ts'
import type { ClientConfig } from '../client-config.ts'
import { GatewayChoice } from '../gateway-choice.ts'
import type { Submission } from '../submission.ts'
import { randomOf } from './entropy-random.ts'
import type { ObliviousSettings } from './oblivious-config.ts'
import type { PrivateRequest, SealedAsk } from './sealed-ask.ts'
import { Sealer } from './sealer.ts'
import { type Arrival, Shipments } from './shipments.ts'
import type { Supplied, Supplies } from './supplies.ts'

export const DEADLINE_PREFIX = 'deadline/'
export const RETRY_PREFIX = 'retry/'

export interface SealedAsksParts {
  readonly config: Required<ClientConfig>
  readonly oblivious: ObliviousSettings
  readonly services: PeerServices
  readonly supplies: Supplies
}

/** The requests that a client has under seal, or waits to seal. */
export class SealedAsks {
  readonly shipments: Shipments<SealedAsk>
  readonly sealer: Sealer
  readonly #parts: SealedAsksParts
  readonly #gateways: GatewayChoice
  readonly #open = new Map<string, SealedAsk>()
  #gateway: PeerId | undefined

  constructor(parts: SealedAsksParts) {
    const { config, oblivious, services } = parts
    this.#parts = parts
    this.#gateways = new GatewayChoice(config.gateways, randomOf(obliviousOf(services).entropy))
    this.shipments = new Shipments(oblivious, services)
    this.sealer = new Sealer(services, oblivious.padding)
  }

  size(): number {
    return this.#open.size
  }

  /** Whether one waits for keys or tokens. */
  isWaiting(): boolean {
    for (const { state } of this.#open.values()) if (state === 'waiting') return true
    return false
  }

  /** Drawn among all gateways, whatever is known of them: to prefer those in reach would show on the wire. */
  drawGateway(now: Millis): PeerId {
    if (this.#parts.oblivious.gatewayChoice === 'uniform' || this.#gateway === undefined)
      this.#gateway = this.#gateways.next(undefined, now)
    return this.#gateway
  }

  submit(submission: Submission, caller: string, now: Millis): PeerEffect[] {
    const { supplies, services } = this.#parts
    const gateway = this.drawGateway(now)
    const price = supplies.priceOf({ promptTokens: promptTokensOf(submission.prompt), maxTokens: submission.maxTokens })
    const request = this.#requestOf(submission, gateway, price, now)
    const ask = new Ask<PrivateRequest>({ opened: request, caller, canTakeBack: !submission.stream }, services, now)
    const { requestId, envelope } = request
    const { model, promptTokens, maxTokens, maxCharge, deadline } = envelope.payload
    const sealed: SealedAsk = { ask, deadline, gateway, price, tokens: [], tries: 0, state: 'waiting' }
    this.#open.set(requestId, sealed)
    const event = {
      type: 'requestSent',
      requestId,
      model,
      gateway,
      promptTokens,
      maxTokens,
      maxCharge,
      deadlineMs: deadline - now,
      attempt: 1,
    } as const
    return [
      ask.started(),
      emit(event),
      setTimer(DEADLINE_PREFIX + requestId, deadline - now + DEADLINE_GRACE),
      ...this.#advance(sealed, now),
    ]
  }

  /** The oldest request that waits for its turn, where requests go in place of cover; nothing without one. */
  sendNext(now: Millis): PeerEffect[] {
    for (const ask of this.#open.values()) if (ask.state === 'queued') return this.#seal(ask, now)
    return []
  }

  /** Keys or tokens came: those that waited for them go on. */
  onSupplies(now: Millis): PeerEffect[] {
    return [...this.#open.values()].filter(({ state }) => state === 'waiting').flatMap((ask) => this.#advance(ask, now))
  }

  onResponse(callId: string, message: Message, last: boolean, now: Millis): PeerEffect[] {
    return this.#onArrival(this.shipments.onResponse(callId, message, last, now), now)
  }

  onFailed(callId: string, failure: Failure, now: Millis): PeerEffect[] {
    return this.#onArrival(this.shipments.onFailed(callId, failure, now), now)
  }

  /** The caller hung up. What is on its way is let be: an answer cut short at once would show whose it is. */
  onCancelled(caller: string, now: Millis): PeerEffect[] {
    const ask = [...this.#open.values()].find((open) => open.ask.caller === caller)
    return ask === undefined ? [] : this.#end(ask, { outcome: 'cancelled' }, now)
  }

  onDeadline(requestId: string, now: Millis): PeerEffect[] {
    const ask = this.#open.get(requestId)
    if (ask === undefined) return []
    const detail = `the deadline passed after ${ask.ask.answer.count()} tokens`
    return this.#end(ask, { outcome: 'failed', code: 'deadline-passed', detail }, now)
  }

  onRetry(requestId: string, now: Millis): PeerEffect[] {
    const ask = this.#open.get(requestId)
    return ask?.state === 'paused' ? this.#advance(ask, now) : []
  }

  #requestOf(submission: Submission, gateway: PeerId, price: number, now: Millis): PrivateRequest {
    const { config, oblivious, services, supplies } = this.#parts
    const { entropy } = obliviousOf(services)
    const { hash } = services.crypto
    const { model, maxTokens } = submission
    const prompt = oblivious.salted ? saltedPrompt(entropy(16), submission.prompt) : submission.prompt
    const nonce = toHex(entropy(16))
    const bodyHash = bodyHashOf(hash, prompt)
    const requestId = requestIdOf(hash, gateway, { nonce, bodyHash })
    const payload = {
      ...{ nonce, bodyHash, model, promptTokens: promptTokensOf(prompt), maxTokens, trace: traceparentOf(requestId), session: undefined },
      seed: submission.seed ?? entropy(4).reduce((sum, byte) => sum * 256 + byte, 0),
      maxCharge: oblivious.tokens === undefined ? (submission.maxCharge ?? config.maxCharge) : price * supplies.worth(),
      deadline: now + (submission.deadlineMs ?? config.deadline),
    }
    return { requestId, envelope: { payload }, prompt }
  }

  /** Seals and sends, or waits for its turn, or says what is missing and waits for it. */
  #advance(ask: SealedAsk, now: Millis): PeerEffect[] {
    ask.state = 'waiting'
    if (this.#parts.oblivious.cover.kind !== 'substituting') return this.#seal(ask, now)
    const supplied = this.#provide(ask, now)
    if (supplied.state === 'missing') return supplied.effects
    ask.state = 'queued'
    return []
  }

  #provide(ask: SealedAsk, now: Millis): Supplied {
    const supplied = this.#parts.supplies.provide(ask.gateway, ask.price - ask.tokens.length, this.shipments.relay(now), now)
    if (supplied.state === 'ready') ask.tokens = [...ask.tokens, ...supplied.tokens]
    return supplied
  }

  #seal(ask: SealedAsk, now: Millis): PeerEffect[] {
    const { gateway } = ask
    const supplied = this.#provide(ask, now)
    if (supplied.state === 'missing') {
      ask.state = 'waiting'
      return supplied.effects
    }
    const sealed = this.sealer.seal(this.#questionOf(ask, now), gateway, supplied.config)
    if (sealed === undefined) return this.#end(ask, { outcome: 'failed', code: 'unknown-key', detail: "the gateway's key is no key" }, now)
    ask.state = 'sent'
    ask.tries++
    ask.ask.sentTo(gateway)
    const { requestId } = ask.ask.opened
    return this.shipments.send(
      { owner: ask, gateway, sealed, requestId, attempt: ask.tries, timeout: ask.deadline - now + DEADLINE_GRACE },
      now,
    )
  }

  #questionOf({ ask, tokens }: SealedAsk, now: Millis): SealedQuestion {
    const { envelope, prompt } = ask.opened
    const { nonce, model, maxTokens, seed, maxCharge, deadline } = envelope.payload
    return { kind: 'ask', nonce, date: now, model, prompt, maxTokens, seed, maxCharge, deadline, payment: tokens }
  }

  #onArrival(
    found: { readonly owner: SealedAsk | undefined; readonly arrival: Arrival; readonly effects: readonly PeerEffect[] } | undefined,
    now: Millis,
  ) {
    if (found === undefined) return []
    const { owner, arrival, effects } = found
    if (owner === undefined || owner.state === 'ended') return [...effects]
    if (arrival.type === 'refused') return [...effects, ...this.#onRefused(owner, arrival, now)]
    if (arrival.type === 'broken') return [...effects, ...this.#lost(owner, arrival.detail, now)]
    const told = arrival.messages.flatMap((message) => this.#onMessage(owner, message, now))
    return [...effects, ...told, ...(arrival.over ? this.#lost(owner, 'the answer ended without a word', now) : [])]
  }

  #onMessage(ask: SealedAsk, message: Message, now: Millis): PeerEffect[] {
    if (ask.state === 'ended') return []
    const heard = ask.ask.hear(message, undefined, now)
    return [...heard.effects, ...this.#follow(ask, heard, now)]
  }

  /** The gateway signed the request in its own name, so no other one can go on with it. */
  #follow(ask: SealedAsk, heard: Hearing, now: Millis): PeerEffect[] {
    switch (heard.state) {
      case 'going':
        return []
      case 'done': {
        const { finish, resumed } = heard.completed
        return this.#end(ask, { outcome: 'ok', finish, resumed }, now)
      }
      case 'refused': {
        const { code, detail } = heard.refusal
        // Nothing came, so the gateway has let go of the tokens.
        if (ask.ask.answer.count() === 0 && code !== 'payment-refused') this.#parts.supplies.giveBack(ask.gateway, ask.tokens)
        return this.#end(ask, { outcome: 'failed', code, detail }, now)
      }
      case 'fault':
      case 'broken':
        return this.#end(ask, { outcome: 'failed', code: 'answer-tampered', detail: heard.detail }, now)
    }
  }

  /** Sent again only on the word that nothing was done, under a new seal and through another relay. */
  #onRefused(ask: SealedAsk, { code, detail, definite }: Extract<Arrival, { type: 'refused' }>, now: Millis): PeerEffect[] {
    if (!definite || ask.tries >= this.#parts.config.attempts) return this.#end(ask, { outcome: 'failed', code, detail }, now)
    if (code === 'unknown-key') this.#parts.supplies.forget(ask.gateway)
    if (ask.tries === 1) return this.#advance(ask, now)
    ask.state = 'paused'
    return [setTimer(RETRY_PREFIX + ask.ask.opened.requestId, this.#parts.config.retryAfter * (1 << Math.min(ask.tries - 2, 6)))]
  }

  #lost(ask: SealedAsk, detail: string, now: Millis): PeerEffect[] {
    return ask.state === 'ended' ? [] : this.#end(ask, { outcome: 'failed', code: 'upstream-lost', detail }, now)
  }

  #end(ask: SealedAsk, ending: Ending, now: Millis): PeerEffect[] {
    ask.state = 'ended'
    const { requestId } = ask.ask.opened
    this.#open.delete(requestId)
    const timers = [clearTimer(DEADLINE_PREFIX + requestId), clearTimer(RETRY_PREFIX + requestId)]
    return [...timers, ...ask.ask.end(ending, now)]
  }
}

/** The gateway says so first, unless it is lost. */
const DEADLINE_GRACE: Millis = 500
