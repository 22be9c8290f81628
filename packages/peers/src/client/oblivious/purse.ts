import { type Millis, type PeerId, request } from '@infermesh/kernel'
import type { Message, PeerEffect, PeerServices } from '@infermesh/protocol'
import { must, obliviousOf } from '@infermesh/protocol/oblivious'
import { type PendingToken, requestToken } from '@infermesh/protocol/tokens'
import { tokenChallengeOf } from '../../issuer/token-challenge.ts'
import type { KnownIssuer } from './key-book.ts'

/** Call ids of purchases. */
export const BUY_PREFIX = 'buy/'

/** Blind tokens, bought ahead in lots of one size, so that neither the time nor the number of a purchase says what it was for. */
export class Purse {
  readonly #services: PeerServices
  readonly #lot: number
  readonly #stock = new Map<PeerId, Uint8Array[]>()
  readonly #buying = new Map<string, { readonly gateway: PeerId; readonly pending: readonly PendingToken[] }>()
  #calls = 0

  constructor(services: PeerServices, lot: number) {
    this.#services = services
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
  buy(gateway: PeerId, issuer: KnownIssuer): PeerEffect[] {
    if ([...this.#buying.values()].some((purchase) => purchase.gateway === gateway)) return []
    const challenge = tokenChallengeOf(this.#services.directory, issuer.peer, gateway)
    const pending = Array.from({ length: this.#lot }, () => this.#draft(issuer, challenge))
    const callId = `${BUY_PREFIX}${this.#calls++}`
    this.#buying.set(callId, { gateway, pending })
    const message = { type: 'BuyTokens', requests: pending.map((draft) => draft.request) } as const
    return [request({ callId, to: issuer.peer, stream: 'oblivious', message, timeout: ANSWER_WITHIN })]
  }

  /** An answer that is no good signature buys nothing; the next request asks again. */
  onResponse(callId: string, message: Message): void {
    const purchase = this.#buying.get(callId)
    this.#buying.delete(callId)
    if (purchase === undefined || message.type !== 'TokensSold') return
    const tokens = purchase.pending.flatMap((draft, index) => {
      const token = draft.finish(message.signatures[index] ?? new Uint8Array(0))
      return token.ok ? [token.value] : []
    })
    this.putBack(purchase.gateway, tokens)
  }

  onFailed(callId: string): void {
    this.#buying.delete(callId)
  }

  #draft(issuer: KnownIssuer, challenge: Uint8Array): PendingToken {
    const { rsa, entropy } = obliviousOf(this.#services)
    // A factor without an inverse would share a prime with the issuer's key: nobody will ever draw one.
    return must(requestToken(rsa, issuer.key, challenge, { nonce: entropy(32), salt: entropy(48), blind: entropy(272) }))
  }
}

const ANSWER_WITHIN: Millis = 10_000
