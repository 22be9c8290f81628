import { type Amount, assert, emit, type Millis, type PeerId, respond, save } from '@infermesh/kernel'
import {
  DecodeFailed,
  decodeCbor,
  type Envelope,
  encodeCbor,
  fromHex,
  type MessageOf,
  openAs,
  type PeerEffect,
  type PeerServices,
  type Signer,
  toHex,
} from '@infermesh/protocol'
import { merkleRoot } from '@infermesh/protocol/log'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import { decodeToken, type IssuerKey, tokenId, verifyToken } from '@infermesh/protocol/tokens'
import { contextOf } from '../client/opened-request.ts'
import type { LogLine } from './log-line.ts'
import { tokenChallengeOf } from './token-challenge.ts'

export interface PayoutsParts {
  readonly services: PeerServices
  readonly signer: Signer
  readonly log: LogLine
  readonly worth: Amount
}

type Payout = Envelope<'tokenPayout'>

/**
 * Takes spent tokens from gateways, each once, and pays for them in sums. A token is on disk as taken before the gateway hears of it, and a
 * payout with the tokens that it covers before anyone sees it: after a crash each token is paid once all the same.
 */
export class Payouts {
  readonly #parts: PayoutsParts
  /** Ids of tokens that were taken back. */
  readonly #taken = new Set<string>()
  /** Of them, those in no payout yet. */
  readonly #owed = new Map<PeerId, string[]>()
  readonly #unlogged = new Map<string, Payout>()
  #next = 0

  constructor(parts: PayoutsParts) {
    this.#parts = parts
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): void {
    const paid = new Set<string>()
    for (const [key, value] of saved) {
      if (!key.startsWith(PAYOUT_PREFIX)) continue
      const { payout, ids } = readPayout(key, value, this.#parts.services)
      for (const id of ids) paid.add(id)
      this.#unlogged.set(payout.id, payout)
      this.#next = Math.max(this.#next, payout.payload.number + 1)
    }
    for (const [key, value] of saved) {
      if (!key.startsWith(TAKEN_PREFIX)) continue
      const [id, gateway] = [key.slice(TAKEN_PREFIX.length), decodeCbor(value)]
      assert(typeof gateway === 'string', `the disk is damaged: ${key} names no gateway`)
      this.#taken.add(id)
      if (!paid.has(id)) this.#owe(gateway, id)
    }
  }

  onDeposit({ tokens }: MessageOf<'DepositTokens'>, call: { readonly id: string; readonly from: PeerId }, key: IssuerKey): PeerEffect[] {
    const { directory, crypto, identity } = this.#parts.services
    const gateway = call.from
    const challengeDigests = [crypto.hash(tokenChallengeOf(directory, identity.peerId, gateway))]
    const { rsa } = obliviousOf(this.#parts.services)
    const good = tokens.flatMap((raw) => {
      const token = decodeToken(raw)
      return token.ok && verifyToken(rsa, { issuers: [key], challengeDigests }, token.value).ok ? [toHex(tokenId(token.value))] : []
    })
    const fresh = [...new Set(good.filter((id) => !this.#taken.has(id)))]
    const kept = fresh.map((id) => {
      this.#taken.add(id)
      this.#owe(gateway, id)
      return save(TAKEN_PREFIX + id, encodeCbor(gateway))
    })
    const event = { type: 'tokensDeposited', gateway, count: fresh.length, refused: tokens.length - good.length } as const
    // A lot that comes again after a lost answer is taken, and paid no second time.
    return [...kept, emit(event), respond(call.id, { type: 'TokensTaken', taken: good.length })]
  }

  /** One sum for each gateway to which something is owed. */
  pay(now: Millis): PeerEffect[] {
    if (!this.#parts.log.isOpen) return []
    return [...this.#owed].flatMap(([gateway, owed]) => {
      const ids = owed.splice(0, PAYOUT_TOKENS_MAX).sort()
      if (owed.length === 0) this.#owed.delete(gateway)
      return this.#payOut(gateway, ids, now)
    })
  }

  onLogged(entries: readonly string[]): void {
    for (const id of entries) this.#unlogged.delete(id)
  }

  again(): PeerEffect[] {
    for (const id of this.#unlogged.keys()) if (this.#parts.log.has(id)) this.#unlogged.delete(id)
    return [...this.#unlogged.values()].flatMap((payout) => this.#parts.log.bring(payout))
  }

  #payOut(gateway: PeerId, ids: readonly string[], now: Millis): PeerEffect[] {
    const { services, signer, log, worth } = this.#parts
    const number = this.#next++
    const [count, amount] = [ids.length, ids.length * worth]
    const root = toHex(merkleRoot(services.crypto.hash, ids.map(fromHex)))
    const payout = signer.sign('tokenPayout', { gateway, number, count, amount, root }, now)
    this.#unlogged.set(payout.id, payout)
    const event = { type: 'tokensPaidOut', gateway, number, count, amount } as const
    return [save(PAYOUT_PREFIX + String(number).padStart(12, '0'), written({ payout, ids })), emit(event), ...log.tell(payout)]
  }

  #owe(gateway: PeerId, id: string): void {
    const owed = this.#owed.get(gateway)
    if (owed === undefined) this.#owed.set(gateway, [id])
    else owed.push(id)
  }
}

interface Paid {
  readonly payout: Payout
  readonly ids: readonly string[]
}

const written = ({ payout, ids }: Paid): Uint8Array => encodeCbor([payout.bytes, ids])

function readPayout(key: string, value: Uint8Array, services: PeerServices): Paid {
  try {
    const parts = decodeCbor(value)
    const [raw, ids] = Array.isArray(parts) ? (parts as unknown[]) : []
    assert(raw instanceof Uint8Array && Array.isArray(ids), `the disk is damaged: ${key} is not a payout with its tokens`)
    return { payout: openAs('tokenPayout', raw, contextOf(services)), ids: ids.map(String) }
  } catch (failure) {
    if (failure instanceof DecodeFailed) assert(false, `the disk is damaged: ${key}: ${failure.message}`)
    throw failure
  }
}

/** Tokens of one payout: what is owed beyond waits for the next. */
const PAYOUT_TOKENS_MAX = 4_096
const TAKEN_PREFIX = 'taken/'
const PAYOUT_PREFIX = 'payout/'
