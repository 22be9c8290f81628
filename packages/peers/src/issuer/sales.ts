import { type Amount, emit, type Millis, type PeerId, respond } from '@infermesh/kernel'
import { digestOf, type Envelope, type MessageOf, type PeerEffect, type PeerServices } from '@infermesh/protocol'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import { issueToken, type RsaPrivateKey } from '@infermesh/protocol/tokens'
import { openNested } from '../client/opened-request.ts'
import { type Refusal, refused } from '../client/refusal.ts'
import { type LogLine, priceOf } from './log-line.ts'

export interface SalesParts {
  readonly services: PeerServices
  readonly log: LogLine
  readonly worth: Amount
  readonly ordersMax: number
}

export interface SigningKey {
  readonly privateKey: RsaPrivateKey
  readonly keyId: Uint8Array
}

interface Waiting {
  readonly order: Envelope<'tokenOrder'>
  readonly requests: readonly Uint8Array[]
  /** The buyer's call; gone once it hung up. */
  call: string | undefined
  /** When it is brought to the log next, and how much later once more; none before the log was told of it. */
  dueAt: Millis | undefined
  wait: Millis
}

/**
 * Sells tokens for coins: signs nothing before the order is in the log. An order that is shown again gets the same signatures again, so
 * a lost answer costs the buyer nothing.
 */
export class Sales {
  readonly #parts: SalesParts
  readonly #waiting = new Map<string, Waiting>()
  /** Of them, those that the log was told of, and the others in the order in which they came. */
  #told = 0
  #queue: Waiting[] = []
  /** Orders by the calls that wait for them. */
  readonly #byCall = new Map<string, Waiting>()

  constructor(parts: SalesParts) {
    this.#parts = parts
  }

  onBuy(
    { order: raw, requests }: MessageOf<'BuyTokens'>,
    call: { readonly id: string; readonly from: PeerId },
    { key, now }: { readonly key: SigningKey; readonly now: Millis },
  ): PeerEffect[] {
    const opened = openNested('tokenOrder', raw, this.#parts.services)
    if (!opened.ok) return [refusal(call.id, opened.refusal)]
    const order = opened.value
    const fault = this.#faultOf(order, requests, call.from)
    if (fault !== undefined) return [refusal(call.id, fault)]
    const { log, ordersMax } = this.#parts
    if (!log.isOpen || log.has(order.id)) return this.#sell({ order, requests }, call.id, key)
    const known = this.#waiting.get(order.id)
    if (known !== undefined) return this.#callsAgain(known, call.id)
    if (this.#waiting.size >= ordersMax)
      return [refusal(call.id, { code: 'overloaded', detail: `${ordersMax} orders wait`, retryAfter: 1_000 })]
    const waiting = { order, requests, call: call.id, dueAt: undefined, wait: AGAIN_FIRST }
    this.#waiting.set(order.id, waiting)
    this.#byCall.set(call.id, waiting)
    this.#queue.push(waiting)
    return this.#tellSome(now)
  }

  /** Entries became final: those who paid by them get their tokens. */
  onLogged(entries: readonly string[], { key, now }: { readonly key: SigningKey; readonly now: Millis }): PeerEffect[] {
    const sold = entries.flatMap((id) => {
      const waiting = this.#waiting.get(id)
      if (waiting === undefined) return []
      this.#leave(waiting)
      return waiting.call === undefined ? [] : this.#sell(waiting, waiting.call, key)
    })
    return [...sold, ...this.#tellSome(now)]
  }

  onCancelled(call: string): void {
    const waiting = this.#byCall.get(call)
    this.#byCall.delete(call)
    if (waiting !== undefined) waiting.call = undefined
  }

  /** Some of what the log does not show yet is brought to it; what it will not take, or nobody waits for, is given up. */
  again(now: Millis): PeerEffect[] {
    const effects: PeerEffect[] = []
    for (const waiting of this.#waiting.values()) {
      if (effects.length >= AGAIN_MAX) break
      if (waiting.dueAt !== undefined && waiting.dueAt <= now) effects.push(...this.#bring(waiting, now))
    }
    return [...effects, ...this.#tellSome(now)]
  }

  /** No more than settlers take in a few blocks: what they drop would have to be told again. */
  #tellSome(now: Millis): PeerEffect[] {
    const room = Math.max(0, TOLD_MAX - this.#told)
    if (room === 0 || this.#queue.length === 0) return []
    const next = this.#queue.slice(0, room).filter(({ order }) => this.#waiting.has(order.id))
    this.#queue = this.#queue.slice(room)
    this.#told += next.length
    return next.flatMap((waiting) => {
      waiting.dueAt = now + waiting.wait
      return this.#parts.log.tell(waiting.order)
    })
  }

  #bring(waiting: Waiting, now: Millis): PeerEffect[] {
    const { order, call } = waiting
    const isCovered = this.#parts.log.balance(order.signer) >= priceOf(order.payload)
    waiting.wait = Math.min(2 * waiting.wait, AGAIN_LAST)
    waiting.dueAt = now + waiting.wait
    if (call !== undefined && isCovered) return this.#parts.log.bring(order)
    this.#leave(waiting)
    return call === undefined ? [] : [refusal(call, NO_FUNDS)]
  }

  #callsAgain(waiting: Waiting, call: string): PeerEffect[] {
    if (waiting.call !== undefined) this.#byCall.delete(waiting.call)
    waiting.call = call
    this.#byCall.set(call, waiting)
    return []
  }

  #leave({ order, call, dueAt }: Waiting): void {
    this.#waiting.delete(order.id)
    if (dueAt !== undefined) this.#told--
    if (call !== undefined) this.#byCall.delete(call)
  }

  #faultOf({ signer, payload }: Envelope<'tokenOrder'>, requests: readonly Uint8Array[], buyer: PeerId): Refusal | undefined {
    const { directory, identity, crypto } = this.#parts.services
    const { worth } = this.#parts
    const bad = (detail: string): Refusal => ({ code: 'bad-request', detail })
    if (signer !== buyer || !directory.has(buyer, 'client')) return { code: 'not-authorized', detail: 'tokens are sold to clients' }
    if (payload.issuer !== identity.peerId) return bad('the order is for another issuer')
    if (payload.worth !== worth) return bad(`expected ${worth} coins for a token, found ${payload.worth}`)
    if (payload.count !== requests.length || payload.count === 0)
      return bad(`expected ${payload.count} blinded messages, found ${requests.length}`)
    return payload.requests === digestOf(crypto.hash, ...requests) ? undefined : bad('the order is for other blinded messages')
  }

  #sell({ order, requests }: Pick<Waiting, 'order' | 'requests'>, call: string, key: SigningKey): PeerEffect[] {
    const { rsa } = obliviousOf(this.#parts.services)
    const signatures: Uint8Array[] = []
    for (const request of requests) {
      const signature = issueToken(rsa, key, request)
      if (!signature.ok) return [refusal(call, { code: 'bad-request', detail: signature.detail })]
      signatures.push(signature.value)
    }
    const sold = emit({ type: 'tokensSold', buyer: order.signer, count: requests.length } as const)
    return [sold, respond(call, { type: 'TokensSold', signatures })]
  }
}

const refusal = (id: string, why: Refusal): PeerEffect => respond(id, refused(why))
const NO_FUNDS: Refusal = { code: 'no-funds', detail: 'the balance does not cover the order' }
/** Gossip and a few blocks get this long before an order is brought to a settler; then ever longer. */
const AGAIN_FIRST: Millis = 4_000
const AGAIN_LAST: Millis = 60_000
/** Orders that the log is told of and does not show yet. */
const TOLD_MAX = 1_000
/** Orders brought at one time. */
const AGAIN_MAX = 64
