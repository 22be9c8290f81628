import { assertNever, emit, type Millis, publish, respond, setTimer, subscribe } from '@infermesh/kernel'
import { type Envelope, type PeerEffect, type PeerInput, type PeerMachine, type PeerServices, Signer } from '@infermesh/protocol'
import { admit } from '../admission.ts'
import { isLocalCaller } from '../client/local-caller.ts'
import { contextOf } from '../client/opened-request.ts'
import { refused } from '../client/refusal.ts'
import { type Answerer, referenceAnswer } from './answer.ts'
import { ENGINE_KEY, OBSERVE_KEY } from './engine/paged-engine.ts'
import type { ModelAnswer } from './execution.ts'
import { ALIVE_KEY, Executions, TOKENS_PREFIX } from './executions.ts'
import { noMeasurement, type OperatorConfig, servingDefaults } from './operator-config.ts'
import { PrivateModels } from './private-models/private-models.ts'
import { PUBLIC_PREFIX, PublicModels } from './public-models.ts'
import { AGAIN_KEY, ReceiptBook, SUBMIT_PREFIX } from './receipt-book.ts'
import { WeightsRoots } from './weights-roots.ts'
import { answerWork } from './work-desk.ts'

/** A peer that serves models. `answerer` makes the tokens; only a planted lie replaces it. */
export const createOperator = (config: OperatorConfig, services: PeerServices, answerer: Answerer = referenceAnswer): PeerMachine =>
  new Operator(config, services, answerer)

type RequestInput = Extract<PeerInput, { readonly type: 'request' }>

class Operator implements PeerMachine {
  readonly #services: PeerServices
  readonly #signer: Signer
  readonly #roots: WeightsRoots
  readonly #book: ReceiptBook
  readonly #public: PublicModels
  readonly #private: PrivateModels
  readonly #executions: Executions
  #announced = '[]'
  #digestAt: Millis = Number.NEGATIVE_INFINITY

  constructor(config: OperatorConfig, services: PeerServices, answerer: Answerer) {
    const { owns = [], measurement = noMeasurement, ...rest } = config
    const serving = { ...servingDefaults, ...rest }
    const signer = new Signer(services.identity, contextOf(services))
    this.#services = services
    this.#signer = signer
    this.#roots = new WeightsRoots(services.crypto.hash)
    this.#book = new ReceiptBook(serving.receiptsKept, services, signer)
    this.#public = new PublicModels(serving, services, signer)
    this.#private = new PrivateModels(
      { owns, measurement, loadBytesPerSecond: serving.profile.loadBytesPerSecond },
      { ...services, signer },
    )
    const usable = (model: string, epoch: number, now: Millis): ModelAnswer => this.#usable(model, epoch, now)
    this.#executions = new Executions({ config: serving, services, book: this.#book, answerer, usable })
  }

  validate(topic: string, envelope: Envelope): 'accept' | 'reject' | 'ignore' {
    const verdict = admit(this.#services.directory, topic, envelope)
    return verdict === 'accept' ? this.#private.validate(envelope) : verdict
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        return this.#onStarted(input.saved, now)
      case 'request':
        return this.#onRequest(input, now)
      case 'cancelled':
        return this.#executions.onCancelled(input.id, now)
      case 'response':
        return this.#onResponse(input, now)
      case 'failed':
        if (input.callId.startsWith(SUBMIT_PREFIX)) return []
        if (input.callId.startsWith(PUBLIC_PREFIX)) return this.#public.onFailed(input.callId)
        return this.#announceChange(this.#private.onFailed(input.callId, input.failure, now), now)
      case 'gossip':
        return this.#onGossip(input.envelope, now)
      case 'timer':
        return this.#onTimer(input.key, now)
      case 'computed':
        return this.#executions.onComputed(input, now)
      case 'peerLost':
        return []
      default:
        return assertNever(input)
    }
  }

  /** The first heartbeat comes at a drawn moment, so that a network that starts together does not beat together. */
  #onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): PeerEffect[] {
    const { heartbeatEvery } = this.#services.directory.genesis.parameters
    return [
      subscribe('checkpoints'),
      ...this.#book.onStarted(saved, now),
      ...this.#public.onStarted(saved, now),
      ...this.#private.onStarted(saved, now),
      setTimer(HEARTBEAT_KEY, this.#services.random.fork('heartbeat').below(heartbeatEvery)),
    ]
  }

  #onRequest(input: RequestInput, now: Millis): readonly PeerEffect[] {
    const { message } = input
    if (message.type === 'Command') return this.#onCommand(input, message.name, message.argument, now)
    if (message.type === 'Execute') return this.#executions.onExecute(message, input, now)
    if (message.type === 'FetchWork') return [answerWork(input, message.receipt, this.#book, this.#services)]
    const effects = this.#private.onRequest(input, now)
    if (effects !== undefined) return this.#announceChange(effects, now)
    return [respond(input.id, refused({ code: 'bad-request', detail: `an operator does not answer ${message.type}` }))]
  }

  #onCommand(input: RequestInput, name: string, argument: string, now: Millis): readonly PeerEffect[] {
    if (!isLocalCaller(input.from, this.#services)) {
      return [respond(input.id, refused({ code: 'not-authorized', detail: 'commands are taken from the own machine only' }))]
    }
    if (name === 'status') return [respond(input.id, { type: 'CommandDone', result: this.#status(now) })]
    const outcome = this.#private.onCommand(name, argument, now)
    if (outcome === undefined)
      return [respond(input.id, refused({ code: 'unknown-command', detail: `an operator knows no command ${name}` }))]
    if (outcome.state === 'refused') return [respond(input.id, refused(outcome))]
    return [...this.#announceChange(outcome.effects, now), respond(input.id, { type: 'CommandDone', result: outcome.result })]
  }

  #status(now: Millis): string {
    return JSON.stringify({ ...this.#executions.load(), public: this.#public.readyModels(), private: this.#private.states(now) })
  }

  #onResponse({ callId, message }: Extract<PeerInput, { readonly type: 'response' }>, now: Millis): readonly PeerEffect[] {
    if (callId.startsWith(SUBMIT_PREFIX)) return []
    if (callId.startsWith(PUBLIC_PREFIX)) return this.#public.onResponse(callId, message)
    return this.#announceChange(this.#private.onResponse(callId, message, now), now)
  }

  #onGossip(envelope: Envelope, now: Millis): readonly PeerEffect[] {
    if (envelope.type === 'checkpoint') return this.#book.onCheckpoint(envelope.payload.block.entries)
    return this.#announceChange(this.#private.onGossip(envelope, now), now)
  }

  #onTimer(key: string, now: Millis): readonly PeerEffect[] {
    if (key.startsWith(TOKENS_PREFIX)) return this.#executions.onTokensTimer(key.slice(TOKENS_PREFIX.length), now)
    if (key === ENGINE_KEY) return this.#executions.onEngineTimer(now)
    if (key === OBSERVE_KEY) return this.#executions.onObserveTimer(now)
    if (key === HEARTBEAT_KEY) return this.#heartbeat(now)
    if (key === ALIVE_KEY) return this.#executions.onAliveTimer()
    if (key === AGAIN_KEY) return this.#book.onTimer(now)
    if (!key.startsWith(PUBLIC_PREFIX)) return this.#announceChange(this.#private.onTimer(key, now), now)
    const { effects, isNew } = this.#public.onTimer(key)
    return isNew ? [...effects, this.#capacity(now)] : effects
  }

  #heartbeat(now: Millis): PeerEffect[] {
    return [this.#capacity(now), ...this.#digest(now), setTimer(HEARTBEAT_KEY, this.#services.directory.genesis.parameters.heartbeatEvery)]
  }

  /** Gateways and standbys should not wait for the next heartbeat to learn that a private model changed its state. */
  #announceChange(effects: readonly PeerEffect[], now: Millis): readonly PeerEffect[] {
    if (effects.length === 0 || JSON.stringify(this.#private.states(now)) === this.#announced) return effects
    return [...effects, this.#capacity(now)]
  }

  #capacity(now: Millis): PeerEffect {
    const states = this.#private.states(now)
    this.#announced = JSON.stringify(states)
    const ready = this.#public.readyModels().map((model) => ({ model, state: 'public', epoch: 0 }) as const)
    return publish('capacity', this.#signer.sign('capacity', { ...this.#executions.load(), models: [...ready, ...states] }, now))
  }

  /** At most once a second: it is larger than a heartbeat. */
  #digest(now: Millis): PeerEffect[] {
    if (now - this.#digestAt < DIGEST_EVERY) return []
    const digest = this.#executions.digest()
    if (digest === undefined) return []
    this.#digestAt = now
    const envelope = this.#signer.sign('memoryDigest', digest, now)
    return [publish('capacity', envelope), emit({ type: 'digestTold', bytes: envelope.bytes.length, heads: digest.heads.length })]
  }

  #usable(model: string, epoch: number, now: Millis): ModelAnswer {
    const release = this.#public.ready(model)
    if (release !== undefined) {
      if (epoch !== 0) return { ok: false, code: 'stale-epoch', detail: `${model} is public: expected epoch 0, found ${epoch}` }
      return { ok: true, model: { manifest: release.manifest.payload, weightsRoot: release.weightsRoot, weights: release.weights } }
    }
    const permission = this.#private.mayServe(model, epoch, now)
    if (permission.state === 'refused') return { ok: false, code: permission.code, detail: permission.detail }
    const { manifest, weights, attestation } = permission
    const usable = { manifest: manifest.payload, weightsRoot: this.#roots.of(model, weights), weights }
    return { ok: true, model: attestation === undefined ? usable : { ...usable, attestation } }
  }
}

const HEARTBEAT_KEY = 'heartbeat'
const DIGEST_EVERY: Millis = 1_000
