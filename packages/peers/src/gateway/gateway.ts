import { assertNever, type Millis, type PeerId, respond, setTimer } from '@infermesh/kernel'
import { type Envelope, type PeerEffect, type PeerInput, type PeerMachine, type PeerServices, Signer } from '@infermesh/protocol'
import { admit } from '../admission.ts'
import { isLocalCaller } from '../client/local-caller.ts'
import { contextOf } from '../client/opened-request.ts'
import { type Refusal, refused } from '../client/refusal.ts'
import { FUNDS_PREFIX, Funds } from './funds.ts'
import { type GatewayConfig, type GatewayPeerConfig, gatewayDefaults } from './gateway-config.ts'
import { LeaseView } from './lease-view/lease-view.ts'
import { ManifestList } from './manifest-list.ts'
import { ManifestSearch, SEARCH_PREFIX, type SearchStep } from './manifest-search.ts'
import { modelRow } from './model-row.ts'
import { withOblivious } from './oblivious/oblivious-gateway.ts'
import { OperatorList } from './operator-list.ts'
import { PrefixRouter } from './prefix-routing/prefix-router.ts'
import { DEADLINE_PREFIX, Sessions } from './sessions.ts'

/** A peer that takes clients' requests to operators and brings their answers back, whole, whatever happens in between. */
export function createGateway({ oblivious, ...config }: GatewayPeerConfig, services: PeerServices): PeerMachine {
  const gateway = new Gateway({ ...gatewayDefaults, ...config }, services)
  return oblivious === undefined ? gateway : withOblivious(oblivious, gateway, services)
}

type RequestInput = Extract<PeerInput, { readonly type: 'request' }>

class Gateway implements PeerMachine {
  readonly #services: PeerServices
  readonly #leases: LeaseView
  readonly #operators: OperatorList
  readonly #manifests: ManifestList
  readonly #search: ManifestSearch
  readonly #prefix: PrefixRouter
  readonly #funds: Funds
  readonly #sessions: Sessions

  constructor(config: Required<GatewayConfig>, services: PeerServices) {
    this.#services = services
    this.#leases = new LeaseView(services)
    this.#operators = new OperatorList(config.loadStaleAfter)
    this.#manifests = new ManifestList(config.models)
    this.#search = new ManifestSearch(services)
    this.#prefix = new PrefixRouter(config, services.random.fork('prefix'))
    this.#funds = new Funds(services)
    const signer = new Signer(services.identity, contextOf(services))
    const search = (model: string, now: Millis): readonly PeerEffect[] => this.#onSearch(this.#search.start(model), now)
    this.#sessions = new Sessions({
      config,
      services,
      leases: this.#leases,
      operators: this.#operators,
      prefix: this.#prefix,
      signer,
      search,
      funds: this.#funds,
    })
  }

  validate(topic: string, envelope: Envelope): 'accept' | 'reject' | 'ignore' {
    const verdict = admit(this.#services.directory, topic, envelope)
    return verdict === 'accept' ? this.#leases.validate(envelope) : verdict
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    switch (input.type) {
      case 'started':
        this.#sessions.onStarted(now)
        return [...this.#leases.onStarted(input.saved, now), this.#nextTick()]
      case 'request':
        return this.#onRequest(input, now)
      case 'cancelled':
        return this.#sessions.onCancelled(input.id)
      case 'response':
        if (input.callId.startsWith(FUNDS_PREFIX)) this.#funds.onResponse(input.callId, input.message)
        if (input.callId.startsWith(SEARCH_PREFIX)) return this.#onSearch(this.#search.onResponse(input.callId, input.message), now)
        return this.#sessions.onResponse(input.callId, input.message, input.last, now)
      case 'failed':
        if (input.callId.startsWith(FUNDS_PREFIX)) this.#funds.onFailed(input.callId)
        if (input.callId.startsWith(SEARCH_PREFIX)) return this.#onSearch(this.#search.onFailed(input.callId), now)
        return this.#sessions.onFailed(input.callId, input.failure, now)
      case 'gossip':
        return this.#onGossip(input.envelope, now)
      case 'timer':
        if (input.key.startsWith(DEADLINE_PREFIX)) return this.#sessions.onDeadline(input.key.slice(DEADLINE_PREFIX.length), now)
        return [...this.#leases.tick(now), ...this.#sessions.onTick(now), this.#nextTick()]
      case 'peerLost':
        return this.#onPeerLost(input.peer, now)
      case 'computed':
        return []
      default:
        return assertNever(input)
    }
  }

  #onRequest({ id, from, message }: RequestInput, now: Millis): readonly PeerEffect[] {
    if (message.type === 'Infer' || message.type === 'Resume') return this.#sessions.onInfer(message, id, now)
    if (message.type === 'FetchManifest') return [this.#manifest(id, message.model)]
    if (message.type !== 'Command') return [refusal(id, { code: 'bad-request', detail: `a gateway does not answer ${message.type}` })]
    if (!isLocalCaller(from, this.#services)) {
      return [refusal(id, { code: 'not-authorized', detail: 'commands are taken from the own machine only' })]
    }
    return [this.#command(id, message.name, now)]
  }

  #command(id: string, name: string, now: Millis): PeerEffect {
    if (name === 'models') {
      const parts = { directory: this.#services.directory, leases: this.#leases, operators: this.#operators }
      const rows = this.#manifests.all().map((manifest) => modelRow(manifest, parts, now))
      return respond(id, { type: 'CommandDone', result: JSON.stringify(rows) })
    }
    if (name === 'status') return respond(id, { type: 'CommandDone', result: JSON.stringify(this.#sessions.counts()) })
    return refusal(id, { code: 'unknown-command', detail: `a gateway knows no command ${name}; it knows models and status` })
  }

  #manifest(id: string, model: string): PeerEffect {
    const manifest = this.#leases.manifest(model)
    if (manifest === undefined) return refusal(id, { code: 'unknown-model', detail: `no manifest of ${model} is known here` })
    return respond(id, { type: 'ManifestFound', manifest: manifest.bytes })
  }

  #onSearch(step: SearchStep, now: Millis): readonly PeerEffect[] {
    if (step.state === 'asking') return step.effects
    if (step.state === 'missing') return this.#sessions.onSearched(step.model, now)
    return [...this.#learn(step.manifest, now), ...this.#sessions.onSearched(step.model, now)]
  }

  #onGossip(envelope: Envelope, now: Millis): readonly PeerEffect[] {
    if (envelope.type === 'memoryDigest') this.#prefix.hear(envelope, now)
    if (envelope.type === 'capacity') this.#operators.hear(envelope, now)
    if (envelope.type === 'manifest') return [...this.#learn(envelope, now), ...this.#sessions.onSearched(envelope.payload.model, now)]
    return [...this.#leases.onEnvelope(envelope, now), ...this.#sessions.onNews(now)]
  }

  #learn(manifest: Envelope<'manifest'>, now: Millis): readonly PeerEffect[] {
    this.#manifests.add(manifest)
    return this.#leases.onEnvelope(manifest, now)
  }

  #onPeerLost(peer: PeerId, now: Millis): readonly PeerEffect[] {
    if (!this.#services.directory.has(peer, 'operator')) return []
    this.#operators.drop(peer)
    return [...this.#leases.onPeerLost(peer, now), ...this.#sessions.onNews(now)]
  }

  #nextTick(): PeerEffect {
    return setTimer('tick', Math.ceil(this.#services.directory.genesis.parameters.heartbeatEvery / TICKS_PER_BEAT))
  }
}

const refusal = (id: string, why: Refusal): PeerEffect => respond(id, refused(why))
const TICKS_PER_BEAT = 4
