import { type Amount, assertNever, emit, type Millis, type PeerId, publish, respond, save, setTimer, subscribe } from '@infermesh/kernel'
import {
  encodeCbor,
  type MessageOf,
  type PeerEffect,
  type PeerInput,
  type PeerMachine,
  type PeerServices,
  Signer,
  toHex,
} from '@infermesh/protocol'
import { type ObliviousServices, obliviousOf } from '@infermesh/protocol/oblivious'
import { decodeToken, encodeRsaKey, type IssuerKey, issuerKeyOf, issueToken, tokenId, verifyToken } from '@infermesh/protocol/tokens'
import { contextOf } from '../client/opened-request.ts'
import { type Refusal, refused } from '../client/refusal.ts'
import { tokenChallengeOf } from './token-challenge.ts'

/** JSON-safe. */
export interface IssuerConfig {
  /** Coins that a token is worth to the gateway that brings it. */
  readonly worth?: Amount
  /** How long the key is in use, and how often it is told. */
  readonly keyLife?: Millis
  readonly announceEvery?: Millis
  /** Tokens that one buyer may have bought in all. */
  readonly perBuyer?: number
}

export const issuerDefaults = {
  worth: 1_000,
  keyLife: 3_600_000,
  announceEvery: 10_000,
  perBuyer: 100_000,
} as const satisfies Required<IssuerConfig>

/** A peer that sells blind tokens and takes them back from gateways. It sees who buys and who earns, and nothing in between. */
export const createIssuer = (config: IssuerConfig, services: PeerServices): PeerMachine =>
  new Issuer({ ...issuerDefaults, ...config }, services)

type RequestInput = Extract<PeerInput, { readonly type: 'request' }>

class Issuer implements PeerMachine {
  readonly #config: Required<IssuerConfig>
  readonly #services: PeerServices
  readonly #oblivious: ObliviousServices
  readonly #signer: Signer
  readonly #bought = new Map<PeerId, number>()
  /** Ids of tokens that were taken back. */
  readonly #taken = new Set<string>()
  #key: IssuerKey | undefined

  constructor(config: Required<IssuerConfig>, services: PeerServices) {
    this.#config = config
    this.#services = services
    this.#oblivious = obliviousOf(services)
    this.#signer = new Signer(services.identity, contextOf(services))
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        for (const key of input.saved.keys()) if (key.startsWith(TAKEN_PREFIX)) this.#taken.add(key.slice(TAKEN_PREFIX.length))
        this.#key = issuerKeyOf(this.#oblivious.issuerKey())
        // Those who listen hear of each other, and so of what it publishes.
        return [subscribe('keys'), ...this.#announce(now)]
      case 'timer':
        return this.#announce(now)
      case 'request':
        return this.#onRequest(input)
      case 'response':
      case 'failed':
      case 'gossip':
      case 'cancelled':
      case 'peerLost':
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  #announce(now: Millis): PeerEffect[] {
    const { worth, keyLife, announceEvery } = this.#config
    const key = encodeRsaKey(this.#oblivious.issuerKey())
    const statement = this.#signer.sign('tokenKey', { key, worth, from: now, until: now + keyLife }, now)
    return [publish('keys', statement), setTimer('announce', announceEvery)]
  }

  #onRequest({ id, from, message }: RequestInput): readonly PeerEffect[] {
    if (message.type === 'BuyTokens') return this.#onBuy(message, id, from)
    if (message.type === 'DepositTokens') return this.#onDeposit(message, id, from)
    return [refusal(id, { code: 'bad-request', detail: `an issuer does not answer ${message.type}` })]
  }

  #onBuy({ requests }: MessageOf<'BuyTokens'>, id: string, buyer: PeerId): readonly PeerEffect[] {
    const { directory } = this.#services
    if (!directory.has(buyer, 'client')) return [refusal(id, { code: 'not-authorized', detail: 'tokens are sold to clients' })]
    const bought = (this.#bought.get(buyer) ?? 0) + requests.length
    if (bought > this.#config.perBuyer)
      return [refusal(id, { code: 'no-funds', detail: `${buyer} may buy ${this.#config.perBuyer} tokens` })]
    const privateKey = this.#oblivious.issuerKey()
    const keyId = this.#key?.keyId ?? new Uint8Array(32)
    const signatures: Uint8Array[] = []
    for (const request of requests) {
      const signature = issueToken(this.#oblivious.rsa, { privateKey, keyId }, request)
      if (!signature.ok) return [refusal(id, { code: 'bad-request', detail: signature.detail })]
      signatures.push(signature.value)
    }
    this.#bought.set(buyer, bought)
    return [emit({ type: 'tokensSold', buyer, count: requests.length } as const), respond(id, { type: 'TokensSold', signatures })]
  }

  #onDeposit({ tokens }: MessageOf<'DepositTokens'>, id: string, gateway: PeerId): readonly PeerEffect[] {
    const { directory, crypto, identity } = this.#services
    if (!directory.has(gateway, 'gateway')) return [refusal(id, { code: 'not-authorized', detail: 'tokens are taken from gateways' })]
    const challengeDigests = [crypto.hash(tokenChallengeOf(directory, identity.peerId, gateway))]
    const accepted = { issuers: this.#key === undefined ? [] : [this.#key], challengeDigests }
    const good = tokens.flatMap((raw) => {
      const token = decodeToken(raw)
      return token.ok && verifyToken(this.#oblivious.rsa, accepted, token.value).ok ? [toHex(tokenId(token.value))] : []
    })
    const fresh = new Set(good.filter((name) => !this.#taken.has(name)))
    for (const name of fresh) this.#taken.add(name)
    const kept = [...fresh].map((name) => save(TAKEN_PREFIX + name, encodeCbor(gateway)))
    const event = { type: 'tokensDeposited', gateway, count: fresh.size, refused: tokens.length - good.length } as const
    // A lot that comes again after a lost answer is taken, and paid no second time.
    return [...kept, emit(event), respond(id, { type: 'TokensTaken', taken: good.length })]
  }
}

const refusal = (id: string, why: Refusal): PeerEffect => respond(id, refused(why))
const TAKEN_PREFIX = 'taken/'
