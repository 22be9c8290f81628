import { assertNever, type Millis, respond, setTimer } from '@infermesh/kernel'
import type { PeerEffect, PeerInput, PeerMachine, PeerServices, SealedQuestion } from '@infermesh/protocol'
import { toHex } from '@infermesh/protocol'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import { exponentialOf } from '../../relay/draws.ts'
import type { ClientConfig } from '../client-config.ts'
import { failed } from '../failed-submission.ts'
import { isLocalCaller } from '../local-caller.ts'
import { type Refusal, refused } from '../refusal.ts'
import { parseSubmission } from '../submission.ts'
import { type ObliviousClientConfig, type ObliviousSettings, obliviousClientDefaults } from './oblivious-config.ts'
import { ROUND_KEY, Rounds } from './rounds.ts'
import { DEADLINE_PREFIX, RETRY_PREFIX, SealedAsks } from './sealed-asks.ts'
import { FORWARD_PREFIX } from './shipments.ts'
import { Supplies } from './supplies.ts'

/** A client whose requests all go sealed, through relays: no gateway ever hears from it directly. */
export const createObliviousClient = (
  config: Required<ClientConfig>,
  oblivious: ObliviousClientConfig,
  services: PeerServices,
): PeerMachine => new ObliviousClient(config, { ...obliviousClientDefaults, ...oblivious }, services)

type RequestInput = Extract<PeerInput, { readonly type: 'request' }>

class ObliviousClient implements PeerMachine {
  readonly #config: Required<ClientConfig>
  readonly #oblivious: ObliviousSettings
  readonly #services: PeerServices
  readonly #supplies: Supplies
  readonly #asks: SealedAsks
  readonly #rounds = new Rounds()

  constructor(config: Required<ClientConfig>, oblivious: ObliviousSettings, services: PeerServices) {
    this.#config = config
    this.#oblivious = oblivious
    this.#services = services
    this.#supplies = new Supplies(oblivious, services)
    this.#asks = new SealedAsks({ config, oblivious, services, supplies: this.#supplies })
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    const effects = this.#route(input, now)
    const round = this.#rounds.after(now, () => ({ isStocked: this.#isStocked(now), isWaiting: this.#asks.isWaiting() }))
    return round.length === 0 ? effects : [...effects, ...round]
  }

  #route(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return [...this.#round(now), ...this.#nextCover()]
      case 'request':
        return this.#onRequest(input, now)
      case 'cancelled':
        return this.#asks.onCancelled(input.id, now)
      case 'response':
        if (input.callId.startsWith(FORWARD_PREFIX)) return this.#asks.onResponse(input.callId, input.message, input.last, now)
        return [...this.#supplies.onResponse(input.callId, input.message, now), ...this.#goOn(now)]
      case 'failed':
        if (input.callId.startsWith(FORWARD_PREFIX)) return this.#asks.onFailed(input.callId, input.failure, now)
        return this.#onSupplyFailed(input.callId, now)
      case 'timer':
        return this.#onTimer(input.key, now)
      case 'gossip':
      case 'peerLost':
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  #onTimer(key: string, now: Millis): readonly PeerEffect[] {
    if (key === ROUND_KEY) return [...this.#round(now), ...this.#asks.onSupplies(now)]
    if (key === COVER_KEY) return [...this.#onCoverTime(now), ...this.#nextCover()]
    if (key.startsWith(DEADLINE_PREFIX)) return this.#asks.onDeadline(key.slice(DEADLINE_PREFIX.length), now)
    return this.#asks.onRetry(key.slice(RETRY_PREFIX.length), now)
  }

  #round(now: Millis): PeerEffect[] {
    const { gateways } = this.#config
    if (this.#isStocked(now) && !this.#asks.isWaiting()) return [this.#rounds.calm(now, this.#supplies.until(gateways))]
    const relay = this.#asks.shipments.relay(now)
    const asked = this.#hasKeys(now) ? [] : this.#supplies.askKeys(relay, now)
    return [...asked, ...this.#supplies.stockUp(gateways, relay, now), this.#rounds.soon()]
  }

  #hasKeys(now: Millis): boolean {
    return this.#config.gateways.every((gateway) => this.#supplies.config(gateway, now) !== undefined)
  }

  #isStocked(now: Millis): boolean {
    return this.#hasKeys(now) && !this.#supplies.isShort(this.#config.gateways)
  }

  #onSupplyFailed(callId: string, now: Millis): PeerEffect[] {
    const relay = this.#supplies.onFailed(callId)
    if (relay !== undefined) this.#asks.shipments.avoid(relay, now)
    return []
  }

  #goOn(now: Millis): PeerEffect[] {
    const relay = this.#asks.shipments.relay(now)
    return [...this.#supplies.stockUp(this.#config.gateways, relay, now), ...this.#asks.onSupplies(now)]
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
      const detail = `this client waits for ${this.#config.running} requests, its limit`
      return [failed(id, { code: 'overloaded', detail, retryAfter: 1_000 })]
    }
    return this.#asks.submit(parsed.submission, id, now)
  }

  #onCoverTime(now: Millis): PeerEffect[] {
    const real = this.#asks.sendNext(now)
    return real.length > 0 ? real : this.#cover(now)
  }

  /** A request for nothing. On the wire it is one like the others of its class. */
  #cover(now: Millis): PeerEffect[] {
    const gateway = this.#asks.drawGateway(now)
    const config = this.#supplies.config(gateway, now)
    if (config === undefined) return []
    const { entropy } = obliviousOf(this.#services)
    const nothing = { model: '', prompt: new Uint8Array(0), maxTokens: 0, seed: 0, maxCharge: 0, payment: [] }
    const question: SealedQuestion = {
      ...nothing,
      kind: 'cover',
      nonce: toHex(entropy(16)),
      date: now,
      deadline: now + this.#config.deadline,
    }
    const sealed = this.#asks.sealer.seal(question, gateway, config)
    if (sealed === undefined) return []
    return this.#asks.shipments.send({ owner: undefined, gateway, sealed, attempt: 1, timeout: this.#config.deadline }, now)
  }

  #nextCover(): PeerEffect[] {
    const { cover } = this.#oblivious
    if (cover.kind === 'none') return []
    return [setTimer(COVER_KEY, Math.round(exponentialOf(obliviousOf(this.#services).entropy, 1_000 / cover.rate)))]
  }
}

const refusal = (id: string, why: Refusal): PeerEffect => respond(id, refused(why))
const COVER_KEY = 'cover'
