import { publish, respond, setTimer, subscribe } from '@infermesh/kernel'
import { type PeerEffect, type PeerInput, type PeerMachine, type PeerServices, Signer } from '@infermesh/protocol'
import type { PrivateModelsConfig } from '../src/operator/private-models/config.ts'
import { PrivateModels } from '../src/operator/private-models/private-models.ts'

/** An operator's private side alone, with its heartbeat: what may serve can be asked at any instant. */
export class PrivatePeer implements PeerMachine {
  readonly models: PrivateModels
  readonly #services: PeerServices
  readonly #signer: Signer

  constructor(config: PrivateModelsConfig, services: PeerServices) {
    this.#services = services
    this.#signer = new Signer(services.identity, { networkId: services.directory.genesis.networkId, crypto: services.crypto })
    this.models = new PrivateModels(config, { ...services, signer: this.#signer })
  }

  handle(input: PeerInput, now: number): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return [subscribe('capacity'), ...this.models.onStarted(input.saved, now), ...this.#heartbeat(now)]
      case 'request':
        return this.#onRequest(input, now)
      case 'response':
        return this.models.onResponse(input.callId, input.message, now)
      case 'failed':
        return this.models.onFailed(input.callId, input.failure, now)
      case 'gossip':
        return this.models.onGossip(input.envelope, now)
      case 'timer':
        return input.key === 'heartbeat' ? this.#heartbeat(now) : this.models.onTimer(input.key, now)
      case 'cancelled':
      case 'peerLost':
      case 'computed':
        return []
    }
  }

  #onRequest(input: Extract<PeerInput, { type: 'request' }>, now: number): readonly PeerEffect[] {
    if (input.message.type !== 'Command') return this.models.onRequest(input, now) ?? []
    const outcome = this.models.onCommand(input.message.name, input.message.argument, now)
    if (outcome?.state === 'done') return [...outcome.effects, respond(input.id, { type: 'CommandDone', result: outcome.result } as const)]
    const { code, detail } = outcome ?? { code: 'unknown-command', detail: input.message.name }
    return [respond(input.id, { type: 'Refused', code, detail, retryAfter: undefined } as const)]
  }

  #heartbeat(now: number): readonly PeerEffect[] {
    const payload = { slots: 4, busy: 0, queued: 0, models: this.models.states(now) }
    const { heartbeatEvery } = this.#services.directory.genesis.parameters
    return [publish('capacity', this.#signer.sign('capacity', payload, now)), setTimer('heartbeat', heartbeatEvery)]
  }
}
