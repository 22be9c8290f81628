import { type Millis, respond, subscribe } from '@infermesh/kernel'
import { type Envelope, type PeerEffect, type PeerInput, type PeerMachine, type PeerServices, Signer, toHex } from '@infermesh/protocol'
import { admit } from '../../admission.ts'
import { isLocalCaller } from '../../client/local-caller.ts'
import { contextOf } from '../../client/opened-request.ts'
import { type ObliviousGatewayConfig, obliviousDefaults } from './oblivious-config.ts'
import { OBLIVIOUS_PREFIX, ObliviousDesk } from './oblivious-desk.ts'

/** A gateway that also takes sealed requests: a desk before the ordinary one, which it asks in the gateway's own name. */
export const withOblivious = (config: ObliviousGatewayConfig, gateway: PeerMachine, services: PeerServices): PeerMachine =>
  new ObliviousGateway({ ...obliviousDefaults, ...config }, gateway, services)

class ObliviousGateway implements PeerMachine {
  readonly #gateway: PeerMachine
  readonly #services: PeerServices
  readonly #desk: ObliviousDesk

  constructor(config: Required<ObliviousGatewayConfig>, gateway: PeerMachine, services: PeerServices) {
    this.#gateway = gateway
    this.#services = services
    const { peerId } = services.identity
    this.#desk = new ObliviousDesk({
      config,
      services,
      signer: new Signer(services.identity, contextOf(services)),
      infer: (message, id, now) => this.#ordinary({ type: 'request', id, from: peerId, stream: 'infer', message }, now),
    })
  }

  validate(topic: string, envelope: Envelope, now: Millis): 'accept' | 'reject' | 'ignore' {
    if (topic === 'keys') return admit(this.#services.directory, topic, envelope)
    return this.#gateway.validate?.(topic, envelope, now) ?? 'accept'
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return [...this.#ordinary(input, now), subscribe('keys'), ...this.#desk.onStarted(input.saved, now)]
      case 'request':
        if (input.message.type === 'Sealed') return this.#desk.onSealed(input.message, { id: input.id, from: input.from }, now)
        if (input.message.type === 'Command' && input.message.name === 'keys' && isLocalCaller(input.from, this.#services)) {
          return [respond(input.id, { type: 'CommandDone', result: JSON.stringify({ keys: toHex(this.#desk.published(now)) }) })]
        }
        return this.#ordinary(input, now)
      case 'gossip':
        if (input.envelope.type === 'tokenKey') this.#desk.hear(input.envelope)
        return input.topic === 'keys' ? [] : this.#ordinary(input, now)
      case 'timer':
        return input.key.startsWith(OBLIVIOUS_PREFIX) ? this.#desk.onTimer(input.key, now) : this.#ordinary(input, now)
      case 'response':
        return input.callId.startsWith(OBLIVIOUS_PREFIX) ? this.#desk.onResponse(input.callId, input.message) : this.#ordinary(input, now)
      case 'failed':
        if (!input.callId.startsWith(OBLIVIOUS_PREFIX)) return this.#ordinary(input, now)
        this.#desk.onFailed(input.callId)
        return []
      case 'cancelled':
        this.#desk.onCancelled(input.id)
        return this.#ordinary(input, now)
      default:
        return this.#ordinary(input, now)
    }
  }

  #ordinary(input: PeerInput, now: Millis): readonly PeerEffect[] {
    return this.#desk.translate(this.#gateway.handle(input, now))
  }
}
