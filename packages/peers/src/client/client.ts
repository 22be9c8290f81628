import { assertNever, type Millis, respond } from '@infermesh/kernel'
import { type Message, type PeerEffect, type PeerInput, type PeerMachine, type PeerServices, Signer } from '@infermesh/protocol'
import { Asks, DEADLINE_PREFIX, RETRY_PREFIX } from './asks.ts'
import { type ClientConfig, type ClientPeerConfig, clientDefaults } from './client-config.ts'
import { failed } from './failed-submission.ts'
import { isLocalCaller } from './local-caller.ts'
import { createObliviousClient } from './oblivious/oblivious-client.ts'
import { contextOf } from './opened-request.ts'
import { PRICE_PREFIX, PriceBook } from './price-book.ts'
import { type Refusal, refused } from './refusal.ts'
import { parseSubmission } from './submission.ts'

/** A peer that asks. Its own caller hands it work with the command `submit` and hears `AnswerEvent`s until `ended`. */
export const createClient = ({ oblivious, ...config }: ClientPeerConfig, services: PeerServices): PeerMachine =>
  oblivious === undefined
    ? new Client({ ...clientDefaults, ...config }, services)
    : createObliviousClient({ ...clientDefaults, ...config }, oblivious, services)

type RequestInput = Extract<PeerInput, { readonly type: 'request' }>

class Client implements PeerMachine {
  readonly #config: Required<ClientConfig>
  readonly #services: PeerServices
  readonly #prices: PriceBook
  readonly #asks: Asks

  constructor(config: Required<ClientConfig>, services: PeerServices) {
    this.#config = config
    this.#services = services
    this.#prices = new PriceBook(services)
    const signer = new Signer(services.identity, contextOf(services))
    this.#asks = new Asks({ config, services, signer, prices: this.#prices })
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'request':
        return this.#onRequest(input, now)
      case 'cancelled':
        return this.#asks.onCancelled(input.id, now)
      case 'response':
        return this.#onResponse(input.callId, input.message, input.last, now)
      case 'failed':
        if (!input.callId.startsWith(PRICE_PREFIX)) return this.#asks.onFailed(input.callId, input.failure, now)
        this.#prices.onFailed(input.callId)
        return []
      case 'timer':
        if (input.key.startsWith(DEADLINE_PREFIX)) return this.#asks.onDeadline(input.key.slice(DEADLINE_PREFIX.length), now)
        return this.#asks.onRetry(input.key.slice(RETRY_PREFIX.length), now)
      case 'started':
      case 'gossip':
      case 'peerLost':
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  #onRequest({ id, from, message }: RequestInput, now: Millis): readonly PeerEffect[] {
    if (message.type !== 'Command') return [refusal(id, { code: 'bad-request', detail: `a client does not answer ${message.type}` })]
    if (!isLocalCaller(from, this.#services)) {
      return [refusal(id, { code: 'not-authorized', detail: 'commands are taken from the own machine only' })]
    }
    if (message.name === 'submit') return this.#submit(id, message.argument, now)
    if (message.name === 'status') return [respond(id, { type: 'CommandDone', result: JSON.stringify({ running: this.#asks.size() }) })]
    return [refusal(id, { code: 'unknown-command', detail: `a client knows no command ${message.name}; it knows submit and status` })]
  }

  #submit(id: string, argument: string, now: Millis): readonly PeerEffect[] {
    const parsed = parseSubmission(argument, this.#services.random)
    if (!parsed.ok) return [failed(id, { code: 'bad-request', detail: parsed.detail })]
    if (this.#asks.size() >= this.#config.running) {
      return [
        failed(id, { code: 'overloaded', detail: `this client waits for ${this.#config.running} requests, its limit`, retryAfter: 1_000 }),
      ]
    }
    return this.#asks.submit(parsed.submission, id, now)
  }

  #onResponse(callId: string, message: Message, last: boolean, now: Millis): readonly PeerEffect[] {
    if (!callId.startsWith(PRICE_PREFIX)) return this.#asks.onResponse(callId, message, last, now)
    this.#prices.onResponse(callId, message)
    return []
  }
}

const refusal = (id: string, why: Refusal): PeerEffect => respond(id, refused(why))
