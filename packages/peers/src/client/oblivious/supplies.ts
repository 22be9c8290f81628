import { emit, type Millis, type PeerId, request } from '@infermesh/kernel'
import type { Message, PeerEffect, PeerServices } from '@infermesh/protocol'
import type { KeyConfig } from '@infermesh/protocol/oblivious'
import { KeyBook } from './key-book.ts'
import { ASK_AGAIN, type ObliviousSettings } from './oblivious-config.ts'
import { BUY_PREFIX, Purse } from './purse.ts'

/** Call ids of questions for keys. */
export const KEYS_PREFIX = 'keys/'

export type Supplied =
  | { readonly state: 'ready'; readonly config: KeyConfig; readonly tokens: readonly Uint8Array[] }
  | { readonly state: 'missing'; readonly effects: PeerEffect[] }

/** What a client needs before it can seal: the gateway's keys, and tokens to pay with. */
export class Supplies {
  readonly #oblivious: ObliviousSettings
  readonly #keys: KeyBook
  readonly #purse: Purse
  #keysAskedAt: Millis = Number.NEGATIVE_INFINITY
  readonly #keysAskedOf = new Map<string, PeerId>()
  #calls = 0

  constructor(oblivious: ObliviousSettings, services: PeerServices) {
    this.#oblivious = oblivious
    this.#keys = new KeyBook(services, oblivious.measurement)
    this.#purse = new Purse(services, oblivious.tokens?.lot ?? 0)
  }

  /** Tokens that a request takes: a class of its length, the same for whatever it says. */
  priceOf({ promptTokens, maxTokens }: { readonly promptTokens: number; readonly maxTokens: number }): number {
    const terms = this.#oblivious.tokens
    if (terms === undefined) return 0
    return Math.ceil(maxTokens / terms.answerTokens) + Math.ceil(promptTokens / terms.promptTokens)
  }

  worth(): number {
    return this.#keys.issuer()?.worth ?? this.#oblivious.tokens?.worth ?? 0
  }

  config(gateway: PeerId, now: Millis): KeyConfig | undefined {
    return this.#keys.get(gateway, now)
  }

  /** When the first of these gateways' keys ends; without end when all are unknown. */
  until(gateways: readonly PeerId[]): Millis {
    return Math.min(...gateways.map((gateway) => this.#keys.until(gateway)))
  }

  provide(gateway: PeerId, tokens: number, relay: PeerId, now: Millis): Supplied {
    const config = this.#keys.get(gateway, now)
    if (config === undefined) return { state: 'missing', effects: this.askKeys(relay, now) }
    if (tokens === 0) return { state: 'ready', config, tokens: [] }
    const taken = this.#purse.take(gateway, tokens)
    if (taken === undefined) return { state: 'missing', effects: this.#buy(gateway, relay, now) }
    return { state: 'ready', config, tokens: taken }
  }

  /** A stock for every gateway, before anything is asked: a purchase then says nothing of a request. */
  stockUp(gateways: readonly PeerId[], relay: PeerId, now: Millis): PeerEffect[] {
    return gateways.filter((gateway) => this.#isLow(gateway)).flatMap((gateway) => this.#buy(gateway, relay, now))
  }

  isShort(gateways: readonly PeerId[]): boolean {
    return gateways.some((gateway) => this.#isLow(gateway))
  }

  #isLow(gateway: PeerId): boolean {
    const { tokens } = this.#oblivious
    return tokens !== undefined && this.#purse.count(gateway) < tokens.lot / 2
  }

  giveBack(gateway: PeerId, tokens: readonly Uint8Array[]): void {
    if (tokens.length > 0) this.#purse.putBack(gateway, tokens)
  }

  forget(gateway: PeerId): void {
    this.#keys.forget(gateway)
    this.#keysAskedAt = Number.NEGATIVE_INFINITY
  }

  askKeys(relay: PeerId, now: Millis): PeerEffect[] {
    if (now - this.#keysAskedAt < ASK_AGAIN) return []
    this.#keysAskedAt = now
    const callId = `${KEYS_PREFIX}${this.#calls++}`
    this.#keysAskedOf.set(callId, relay)
    return [request({ callId, to: relay, stream: 'oblivious', message: { type: 'FetchKeys' }, timeout: ANSWER_WITHIN })]
  }

  onResponse(callId: string, message: Message, now: Millis): PeerEffect[] {
    if (callId.startsWith(BUY_PREFIX)) this.#purse.onResponse(callId, message)
    const from = this.#keysAskedOf.get(callId)
    this.#keysAskedOf.delete(callId)
    if (from === undefined || message.type !== 'KeysFound') return []
    return this.#keys.take(message, now).map(({ gateway, reason }) => emit({ type: 'keysRefused', from, gateway, reason } as const))
  }

  /** The relay that did not say, if that is what failed. */
  onFailed(callId: string): PeerId | undefined {
    if (callId.startsWith(BUY_PREFIX)) this.#purse.onFailed(callId)
    const relay = this.#keysAskedOf.get(callId)
    this.#keysAskedOf.delete(callId)
    return relay
  }

  #buy(gateway: PeerId, relay: PeerId, now: Millis): PeerEffect[] {
    const issuer = this.#keys.issuer()
    return issuer === undefined ? this.askKeys(relay, now) : this.#purse.buy(gateway, issuer, now)
  }
}

const ANSWER_WITHIN: Millis = 5_000
