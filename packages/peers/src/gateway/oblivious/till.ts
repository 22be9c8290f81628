import { type Amount, assert, type Millis, type PeerId, request, save, setTimer } from '@infermesh/kernel'
import { type Envelope, type MessageOf, type PeerEffect, type PeerServices, toHex } from '@infermesh/protocol'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import {
  decodeRsaKey,
  decodeToken,
  type IssuerKey,
  issuerKeyOf,
  SpentSet,
  type SpentToken,
  tokenId,
  verifyToken,
} from '@infermesh/protocol/tokens'
import { tokenChallengeOf } from '../../issuer/token-challenge.ts'

export const DEPOSIT_KEY = 'oblivious/deposit'
export const DEPOSIT_PREFIX = 'oblivious/deposit/'

export interface Payment {
  readonly tokens: readonly { readonly spent: SpentToken; readonly raw: Uint8Array; readonly issuer: PeerId }[]
  readonly worth: Amount
}
export type Paid = { readonly ok: true; readonly payment: Payment } | { readonly ok: false; readonly detail: string }

interface Issuer {
  readonly key: IssuerKey
  readonly worth: Amount
  readonly until: Millis
}

/** Takes blind tokens: locks them before the work, keeps them at the first token of output, gives them back if none came. */
export class Till {
  readonly #services: PeerServices
  readonly #issuers = new Map<PeerId, Issuer>()
  readonly #spent: SpentSet
  /** Spent tokens that the issuer has not taken yet, by their ids. */
  readonly #earned = new Map<string, { readonly raw: Uint8Array; readonly issuer: PeerId }>()
  readonly #depositing = new Map<string, readonly string[]>()
  readonly #depositEvery: Millis
  #calls = 0

  constructor(options: { readonly entriesMax: number; readonly depositEvery: Millis }, services: PeerServices) {
    this.#services = services
    this.#spent = new SpentSet({ entriesMax: options.entriesMax })
    this.#depositEvery = options.depositEvery
  }

  onStarted(saved: ReadonlyMap<string, Uint8Array>): PeerEffect[] {
    for (const [key, raw] of saved) if (key.startsWith(SPENT_PREFIX)) this.#restore(key, raw)
    return [setTimer(DEPOSIT_KEY, this.#depositEvery)]
  }

  hear({ signer, payload }: Envelope<'tokenKey'>): void {
    const key = decodeRsaKey(payload.key)
    if (!key.ok || !this.#services.directory.has(signer, 'issuer')) return
    this.#issuers.set(signer, { key: issuerKeyOf(key.value), worth: payload.worth, until: payload.until })
  }

  /** Whether any token could be good here: without an issuer's key none can be told from noise. */
  knowsIssuer(now: Millis): boolean {
    return [...this.#issuers.values()].some(({ until }) => now < until)
  }

  /** Locks all of them or none. `holder` names the exchange, `until` the latest time by which it is decided. */
  lock(tokens: readonly Uint8Array[], holder: string, until: Millis, now: Millis): Paid {
    const locked: Payment['tokens'][number][] = []
    let worth = 0
    for (const raw of tokens) {
      const checked = this.#check(raw, now)
      const outcome = checked === undefined ? 'not good here' : this.#spent.lock(checked.spent, holder, until, now)
      if (checked === undefined || outcome !== 'locked' || locked.some((other) => other.spent.id === checked.spent.id)) {
        for (const { spent } of locked) this.#spent.release(spent, holder)
        return { ok: false, detail: `token ${locked.length + 1} of ${tokens.length} is ${outcome === 'locked' ? 'there twice' : outcome}` }
      }
      locked.push(checked)
      worth += checked.worth
    }
    return { ok: true, payment: { tokens: locked, worth } }
  }

  /** Saved before the output that it paid for leaves. */
  consume({ tokens }: Payment, holder: string): PeerEffect[] {
    return tokens.flatMap(({ spent, raw, issuer }) => {
      if (!this.#spent.consume(spent, holder)) return []
      this.#earned.set(spent.id, { raw, issuer })
      return [save(SPENT_PREFIX + spent.id, raw)]
    })
  }

  release({ tokens }: Payment, holder: string): void {
    for (const { spent } of tokens) this.#spent.release(spent, holder)
  }

  deposit(): PeerEffect[] {
    const calls = [...this.#issuers.keys()].flatMap((issuer) => this.#depositAt(issuer))
    return [...calls, setTimer(DEPOSIT_KEY, this.#depositEvery)]
  }

  onDeposited(callId: string, { taken }: MessageOf<'TokensTaken'>): PeerEffect[] {
    const ids = this.#depositing.get(callId) ?? []
    this.#depositing.delete(callId)
    if (taken !== ids.length) return []
    for (const id of ids) this.#earned.delete(id)
    // The id stays: a token that was paid for must not be good again after a restart.
    return ids.map((id) => save(SPENT_PREFIX + id, TAKEN))
  }

  onDepositFailed(callId: string): void {
    this.#depositing.delete(callId)
  }

  #depositAt(issuer: PeerId): PeerEffect[] {
    const waiting = new Set([...this.#depositing.values()].flat())
    const ready = [...this.#earned].filter(([id, earned]) => earned.issuer === issuer && !waiting.has(id)).slice(0, LOT)
    if (ready.length === 0) return []
    const callId = `${DEPOSIT_PREFIX}${this.#calls++}`
    this.#depositing.set(
      callId,
      ready.map(([id]) => id),
    )
    const message = { type: 'DepositTokens', tokens: ready.map(([, { raw }]) => raw) } as const
    return [request({ callId, to: issuer, stream: 'oblivious', message, timeout: ANSWER_WITHIN })]
  }

  #check(raw: Uint8Array, now: Millis) {
    const token = decodeToken(raw)
    if (!token.ok) return undefined
    const { directory, identity, crypto } = this.#services
    for (const [issuer, { key, worth, until }] of this.#issuers) {
      const challengeDigests = [crypto.hash(tokenChallengeOf(directory, issuer, identity.peerId))]
      if (now >= until || !verifyToken(obliviousOf(this.#services).rsa, { issuers: [key], challengeDigests }, token.value).ok) continue
      return { spent: { id: toHex(tokenId(token.value)), epoch: EPOCH }, raw, issuer, worth }
    }
    return undefined
  }

  #restore(key: string, raw: Uint8Array): void {
    const id = key.slice(SPENT_PREFIX.length)
    this.#spent.merge({ id, epoch: EPOCH })
    if (raw.length === TAKEN.length) return
    const token = decodeToken(raw)
    assert(token.ok, `the disk is damaged: ${key} holds no token`)
    const [issuer] = this.#services.directory.all('issuer')
    if (issuer !== undefined) this.#earned.set(id, { raw, issuer: issuer.peerId })
  }
}

/** Ids of tokens hold their key's id: one epoch keeps all apart. */
const EPOCH = 0
const LOT = 64
const ANSWER_WITHIN: Millis = 5_000
const SPENT_PREFIX = 'oblivious/spent/'
const TAKEN = new Uint8Array(0)
