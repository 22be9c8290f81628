import { type Amount, type Millis, type PeerId, request } from '@infermesh/kernel'
import type { Message, PeerEffect, PeerServices } from '@infermesh/protocol'
import { settlersOf } from '@infermesh/protocol/ledger'
import type { Refusal } from '../client/refusal.ts'

/** Call ids of this part. */
export const FUNDS_PREFIX = 'funds/'

/** What is known of one payer. */
interface Account {
  balance: Amount
  /** Ceilings of requests that were let in since the balance was known. */
  admitted: Amount
  /** Calls to settlers that are still to be answered, and the highest balance that one of them told. */
  readonly pending: Set<string>
  told: Amount | undefined
  askedAt: Millis
}

/**
 * Keeps requests out whose payer can't pay the most that they may cost. A payer is as rich as it was in the genesis until settlers say
 * otherwise, and they are asked only when it could be running out, so nobody waits for them. One more of them is asked than may lie,
 * and the highest balance counts: a liar can let a request in, which the log then does not pay, and keep nobody out.
 */
export class Funds {
  readonly #services: PeerServices
  readonly #accounts = new Map<PeerId, Account>()
  #turn = 0

  constructor(services: PeerServices) {
    this.#services = services
  }

  /** Lets a request in that costs `ceiling` at most, or says why not. */
  admit(payer: PeerId, ceiling: Amount, now: Millis): { readonly refusal: Refusal | undefined; readonly effects: readonly PeerEffect[] } {
    const account = this.#accountOf(payer)
    const isPoor = account.balance < ceiling
    if (!isPoor) account.admitted += ceiling
    const effects = isPoor || account.admitted * CAUTION >= account.balance ? this.#ask(payer, account, now) : []
    if (!isPoor) return { refusal: undefined, effects }
    const detail = `the request may cost ${ceiling} coins, ${this.#services.directory.nameOf(payer)} has ${account.balance}`
    return { refusal: { code: 'no-funds', detail, retryAfter: ASK_EVERY }, effects }
  }

  onResponse(callId: string, message: Message): void {
    const payer = payerOf(callId)
    const account = this.#accounts.get(payer)
    if (account?.pending.delete(callId) !== true) return
    if (message.type === 'Account' && message.peer === payer) account.told = Math.max(message.balance, account.told ?? 0)
    this.#answered(account)
  }

  onFailed(callId: string): void {
    const account = this.#accounts.get(payerOf(callId))
    if (account?.pending.delete(callId) === true) this.#answered(account)
  }

  #answered(account: Account): void {
    if (account.pending.size > 0 || account.told === undefined) return
    account.balance = account.told
    account.admitted = 0
  }

  #ask(payer: PeerId, account: Account, now: Millis): readonly PeerEffect[] {
    if (account.pending.size > 0 || now - account.askedAt < ASK_EVERY) return []
    const settlers = settlersOf(this.#services.directory)
    const count = Math.floor((settlers.length - 1) / 3) + 1
    const first = this.#turn++
    account.told = undefined
    account.askedAt = now
    const chosen = [...settlers, ...settlers].slice(first % Math.max(1, settlers.length)).slice(0, settlers.length === 0 ? 0 : count)
    return chosen.map((to, index) => {
      const callId = `${FUNDS_PREFIX}${first}.${index}/${payer}`
      account.pending.add(callId)
      return request<Message>({ callId, to, stream: 'fetch', message: { type: 'FetchAccount', peer: payer }, timeout: ANSWER_WITHIN })
    })
  }

  #accountOf(payer: PeerId): Account {
    const known = this.#accounts.get(payer)
    if (known !== undefined) return known
    const balance = this.#services.directory.member(payer)?.balance ?? 0
    const account = { balance, admitted: 0, pending: new Set<string>(), told: undefined, askedAt: -ASK_EVERY }
    this.#accounts.set(payer, account)
    if (this.#accounts.size > KNOWN_MAX) this.#accounts.delete(this.#accounts.keys().next().value as PeerId)
    return account
  }
}

const payerOf = (callId: string): PeerId => callId.slice(callId.lastIndexOf('/') + 1)

/** Part of a balance that requests may use up before settlers are asked again. Other gateways let requests in too. */
const CAUTION = 8
const ASK_EVERY: Millis = 1_000
const ANSWER_WITHIN: Millis = 3_000
const KNOWN_MAX = 4_096
