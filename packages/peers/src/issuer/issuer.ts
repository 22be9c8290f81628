import { assertNever, type Millis, publish, respond, save, setTimer, subscribe } from '@infermesh/kernel'
import { type Envelope, type PeerEffect, type PeerInput, type PeerMachine, type PeerServices, Signer } from '@infermesh/protocol'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import { decodeRsaPrivateKey, encodeRsaKey, encodeRsaPrivateKey, type IssuerKey, issuerKeyOf } from '@infermesh/protocol/tokens'
import { admit } from '../admission.ts'
import { contextOf } from '../client/opened-request.ts'
import { type Refusal, refused } from '../client/refusal.ts'
import { readable } from '../settler/archive.ts'
import { type IssuerConfig, issuerDefaults } from './issuer-config.ts'
import { LogLine, type Read } from './log-line.ts'
import { Payouts } from './payouts.ts'
import { Sales, type SigningKey } from './sales.ts'

/**
 * A peer that sells blind tokens for coins and pays coins for tokens that gateways bring. It sees who buys and who earns, and nothing in
 * between.
 */
export const createIssuer = (config: IssuerConfig, services: PeerServices): PeerMachine =>
  new Issuer({ ...issuerDefaults, ...config }, services)

type RequestInput = Extract<PeerInput, { readonly type: 'request' }>

interface Keys {
  readonly signing: SigningKey
  readonly issuer: IssuerKey
}

class Issuer implements PeerMachine {
  readonly #config: Required<IssuerConfig>
  readonly #services: PeerServices
  readonly #signer: Signer
  readonly #log: LogLine
  readonly #sales: Sales
  readonly #payouts: Payouts
  #keys: Keys | undefined
  #announceAfter: Millis = ANNOUNCE_FIRST

  constructor(config: Required<IssuerConfig>, services: PeerServices) {
    const { worth, ordersMax } = config
    this.#config = config
    this.#services = services
    this.#signer = new Signer(services.identity, contextOf(services))
    this.#log = new LogLine(services)
    this.#sales = new Sales({ services, log: this.#log, worth, ordersMax })
    this.#payouts = new Payouts({ services, signer: this.#signer, log: this.#log, worth })
  }

  validate(topic: string, envelope: Envelope): 'accept' | 'reject' | 'ignore' {
    return admit(this.#services.directory, topic, envelope)
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return this.#onStarted(input.saved, now)
      case 'timer':
        return this.#onTimer(input.key, now)
      case 'request':
        return this.#onRequest(input, now)
      case 'gossip':
        return input.envelope.type === 'checkpoint' ? this.#read(this.#log.onCheckpoint(input.envelope), now) : []
      case 'response':
        return this.#read(this.#log.onResponse(input.callId, input.message), now)
      case 'failed':
        return this.#read(this.#log.onFailed(input.callId), now)
      case 'cancelled':
        this.#sales.onCancelled(input.id)
        return []
      case 'peerLost':
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  #onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): readonly PeerEffect[] {
    const raw = saved.get(KEY_KEY)
    const privateKey = raw === undefined ? obliviousOf(this.#services).issuerKey() : readable(KEY_KEY, () => decodeRsaPrivateKey(raw))
    const issuer = issuerKeyOf(privateKey)
    this.#keys = { signing: { privateKey, keyId: issuer.keyId }, issuer }
    this.#payouts.restore(saved)
    // On disk before anyone buys: tokens of a key that is lost are worth nothing.
    const kept = raw === undefined ? [save(KEY_KEY, encodeRsaPrivateKey(privateKey))] : []
    // Those who listen hear of each other, and so of what it publishes.
    const heard = [subscribe('keys'), ...(this.#log.isOpen ? [subscribe('checkpoints')] : [])]
    const timers = [setTimer(PAY_KEY, this.#config.payoutEvery), setTimer(AGAIN_KEY, this.#config.againEvery)]
    return [...kept, ...heard, ...this.#announce(now), ...this.#log.poll(), ...timers]
  }

  #onTimer(key: string, now: Millis): readonly PeerEffect[] {
    if (key === ANNOUNCE_KEY) return this.#announce(now)
    if (key === PAY_KEY) return [...this.#payouts.pay(now), setTimer(PAY_KEY, this.#config.payoutEvery)]
    if (this.#log.owns(key)) return this.#read(this.#log.onTimer(), now)
    const again = [...this.#sales.again(now), ...this.#payouts.again(), ...this.#log.poll()]
    return [...again, setTimer(AGAIN_KEY, this.#config.againEvery)]
  }

  #announce(now: Millis): PeerEffect[] {
    const { worth, keyLife, announceEvery } = this.#config
    if (this.#keys === undefined) return []
    const key = encodeRsaKey(this.#keys.issuer.key)
    const statement = this.#signer.sign('tokenKey', { key, worth, from: now, until: now + keyLife }, now)
    const after = Math.min(announceEvery, this.#announceAfter)
    this.#announceAfter = 2 * after
    return [publish('keys', statement), setTimer(ANNOUNCE_KEY, after)]
  }

  #onRequest({ id, from, message }: RequestInput, now: Millis): readonly PeerEffect[] {
    const { directory } = this.#services
    if (this.#keys === undefined) return [refusal(id, { code: 'not-processed', detail: 'this issuer has no key yet' })]
    if (message.type === 'BuyTokens') return this.#sales.onBuy(message, { id, from }, { key: this.#keys.signing, now })
    if (message.type !== 'DepositTokens') return [refusal(id, { code: 'bad-request', detail: `an issuer does not answer ${message.type}` })]
    if (!directory.has(from, 'gateway')) return [refusal(id, { code: 'not-authorized', detail: 'tokens are taken from gateways' })]
    return this.#payouts.onDeposit(message, { id, from }, this.#keys.issuer)
  }

  #read({ effects, logged }: Read, now: Millis): readonly PeerEffect[] {
    if (logged.length === 0 || this.#keys === undefined) return effects
    this.#payouts.onLogged(logged)
    return [...effects, ...this.#sales.onLogged(logged, { key: this.#keys.signing, now })]
  }
}

const refusal = (id: string, why: Refusal): PeerEffect => respond(id, refused(why))
const KEY_KEY = 'key'
const ANNOUNCE_KEY = 'announce'
/** Whoever starts at the same time may not listen yet: a gateway that did not hear the key takes no token. Each wait is twice the one before. */
const ANNOUNCE_FIRST: Millis = 500
const PAY_KEY = 'pay'
const AGAIN_KEY = 'again'
