import { type Millis, type PeerId, request } from '@infermesh/kernel'
import { concatBytes, digestOf, type Message, type MessageOf, type PeerEffect, type PeerServices, Signer } from '@infermesh/protocol'
import { must, obliviousOf } from '@infermesh/protocol/oblivious'
import { type PendingToken, requestToken } from '@infermesh/protocol/tokens'
import { tokenChallengeOf } from '../../issuer/token-challenge.ts'
import { contextOf } from '../opened-request.ts'
import type { KnownIssuer } from './key-book.ts'

/** Call ids of purchases. */
export const BUY_PREFIX = 'buy/'

/** Blind tokens, bought ahead in lots of one size, so that neither the time nor the number of a purchase says what it was for. */
export class Purse {
  readonly #services: PeerServices
  readonly #lot: number
  readonly #signer: Signer
  readonly #stock = new Map<PeerId, Uint8Array[]>()
  /** By gateway. An order pays once, so it is shown until its tokens come. */
  readonly #orders = new Map<PeerId, Order>()
  /** Orders that wait for the issuer's answer, by call. */
  readonly #calls = new Map<string, Order>()
  #count = 0

  constructor(services: PeerServices, lot: number) {
    this.#services = services
    this.#signer = new Signer(services.identity, contextOf(services))
    this.#lot = lot
  }

  count(gateway: PeerId): number {
    return this.#stock.get(gateway)?.length ?? 0
  }

  /** Removes them: they are spent or come back by `putBack`. */
  take(gateway: PeerId, count: number): readonly Uint8Array[] | undefined {
    return this.count(gateway) < count ? undefined : this.#stock.get(gateway)?.splice(0, count)
  }

  putBack(gateway: PeerId, tokens: readonly Uint8Array[]): void {
    this.#stock.set(gateway, [...(this.#stock.get(gateway) ?? []), ...tokens])
  }

  /** One lot, unless one is under way. */
  buy(gateway: PeerId, issuer: KnownIssuer, now: Millis): PeerEffect[] {
    const order = this.#orders.get(gateway) ?? this.#order(gateway, issuer, now)
    if (order.isAsked) return []
    order.isAsked = true
    this.#orders.set(gateway, order)
    const callId = `${BUY_PREFIX}${this.#count++}`
    this.#calls.set(callId, order)
    return [request({ callId, to: order.issuer, stream: 'oblivious', message: order.message, timeout: ANSWER_WITHIN })]
  }

  /** An answer that is no good signature buys nothing; the next request asks again. */
  onResponse(callId: string, message: Message): void {
    const order = this.#calls.get(callId)
    this.#calls.delete(callId)
    if (order === undefined) return
    order.isAsked = false
    // A full issuer has not looked at the order: it is as good later.
    if (message.type !== 'Refused' || message.code !== 'overloaded') this.#orders.delete(order.gateway)
    if (message.type !== 'TokensSold') return
    const tokens = order.pending.flatMap((draft, index) => {
      const token = draft.finish(message.signatures[index] ?? new Uint8Array(0))
      return token.ok ? [token.value] : []
    })
    this.putBack(order.gateway, inOneBuffer(tokens))
  }

  /** Whether it was paid for is not known: the same order again costs nothing more. */
  onFailed(callId: string): void {
    const order = this.#calls.get(callId)
    this.#calls.delete(callId)
    if (order !== undefined) order.isAsked = false
  }

  #order(gateway: PeerId, issuer: KnownIssuer, now: Millis): Order {
    const challenge = tokenChallengeOf(this.#services.directory, issuer.peer, gateway)
    const pending = Array.from({ length: this.#lot }, () => this.#draft(issuer, challenge))
    const blinded = pending.map((draft) => draft.request)
    const digest = digestOf(this.#services.crypto.hash, ...blinded)
    const terms = { issuer: issuer.peer, count: blinded.length, worth: issuer.worth, requests: digest }
    const order = this.#signer.sign('tokenOrder', terms, now).bytes
    return { gateway, issuer: issuer.peer, pending, message: { type: 'BuyTokens', order, requests: blinded }, isAsked: false }
  }

  #draft(issuer: KnownIssuer, challenge: Uint8Array): PendingToken {
    const { rsa, entropy } = obliviousOf(this.#services)
    // A factor without an inverse would share a prime with the issuer's key: nobody will ever draw one.
    return must(requestToken(rsa, issuer.key, challenge, { nonce: entropy(32), salt: entropy(48), blind: entropy(272) }))
  }
}

/** A lot's tokens, which are all of one length, as parts of one buffer: buffers of their own cost as much again, and a crowd holds very many. */
function inOneBuffer(tokens: readonly Uint8Array[]): readonly Uint8Array[] {
  const all = concatBytes(...tokens)
  return tokens.map(({ length }, index) => all.subarray(index * length, (index + 1) * length))
}

interface Order {
  readonly gateway: PeerId
  readonly issuer: PeerId
  readonly pending: readonly PendingToken[]
  readonly message: MessageOf<'BuyTokens'>
  isAsked: boolean
}

/** A block must hold the order first. */
const ANSWER_WITHIN: Millis = 15_000
