import { emit, type Millis, type PeerId, type Random, request } from '@infermesh/kernel'
import { asciiBytes, digestOf, type PeerEffect, type PeerServices, type Signer } from '@infermesh/protocol'
import type { Refusal } from '../client/refusal.ts'
import type { GatewayConfig } from './gateway-config.ts'
import type { LeaseView } from './lease-view/lease-view.ts'
import type { OperatorList } from './operator-list.ts'
import type { PrefixRouter } from './prefix-routing/prefix-router.ts'
import { pick } from './routing.ts'
import { clientOf, modelOf, requestOf, type Session } from './session.ts'

export interface DispatcherParts {
  readonly config: Required<GatewayConfig>
  readonly services: PeerServices
  readonly leases: LeaseView
  readonly operators: OperatorList
  readonly signer: Signer
  readonly prefix: PrefixRouter
}

export interface Route {
  readonly operator: PeerId
  /** 0 for public models. */
  readonly epoch: number
  readonly policy: string
  readonly candidates: readonly PeerId[]
}

export type Routing =
  | { readonly state: 'route'; readonly route: Route }
  | { readonly state: 'wait'; readonly reason: string }
  | { readonly state: 'refuse'; readonly refusal: Refusal }

/** Heartbeats after a start in which operators may be there, but not heard yet. */
const GRACE_BEATS = 3
const CANDIDATES_MAX = 64

/** Decides where a request goes next. */
export class Dispatcher {
  readonly #parts: DispatcherParts
  readonly #random: Random
  #startedAt: Millis = 0

  constructor(parts: DispatcherParts) {
    this.#parts = parts
    this.#random = parts.services.random.fork('routing')
  }

  onStarted(now: Millis): void {
    this.#startedAt = now
  }

  route(session: Session, now: Millis): Routing {
    const target = this.#parts.leases.target(modelOf(session), now)
    switch (target.state) {
      case 'unknown':
        return { state: 'refuse', refusal: { code: 'unknown-model', detail: `no manifest of ${modelOf(session)} is known here` } }
      case 'offline':
        return { state: 'refuse', refusal: { code: 'owner-offline', detail: target.detail } }
      case 'waiting':
        return { state: 'wait', reason: target.reason }
      case 'public':
        return this.#toPublic(session, now)
      case 'holder':
        return this.#toHolder(session, target.holder, target.epoch)
    }
  }

  /** Whether an operator that failed may be tried again: it was heard since, or holds another lease by now. */
  #mayRetry(session: Session, operator: PeerId, epoch: number): boolean {
    const failure = session.failures.get(operator)
    if (failure === undefined || failure.epoch < epoch) return true
    return (this.#parts.operators.heardAt(operator) ?? 0) > failure.at
  }

  #toHolder(session: Session, holder: PeerId, epoch: number): Routing {
    const name = this.#parts.services.directory.nameOf(holder)
    if (!this.#mayRetry(session, holder, epoch)) return { state: 'wait', reason: `${name} failed and was not heard since` }
    return { state: 'route', route: { operator: holder, epoch, policy: 'lease', candidates: [holder] } }
  }

  #toPublic(session: Session, now: Millis): Routing {
    const { config, services, operators, leases, prefix } = this.#parts
    const { suspicion, heartbeatEvery } = services.directory.genesis.parameters
    const model = modelOf(session)
    const live = operators.serving(model, now).filter(({ peer }) => leases.detector.phi(peer, now) < suspicion.stop)
    const candidates = live.filter(({ peer }) => this.#mayRetry(session, peer, 0))
    if (candidates.length === 0)
      return this.#noCandidates(session, live.length === 0 && now < this.#startedAt + GRACE_BEATS * heartbeatEvery)
    const client = clientOf(session)
    const weigh = (peer: PeerId): string => digestOf(services.crypto.hash, asciiBytes(`${client} ${peer}`))
    // Whoever made the last tokens may have the next ones, and their receipts, already.
    const again = candidates.find(({ peer }) => peer === session.operator)?.peer
    const operator =
      again ??
      (config.policy === 'prefix'
        ? prefix.pick(session, candidates, now)
        : pick(candidates, { policy: config.policy, random: this.#random, weigh }))
    const policy = again === undefined ? config.policy : 'resume'
    const others = candidates.map(({ peer }) => peer).filter((peer) => peer !== operator)
    return {
      state: 'route',
      route: { operator, epoch: 0, policy, candidates: [operator, ...others].slice(0, CANDIDATES_MAX) },
    }
  }

  /** An answer that has begun, or lost its operator, is worth waiting for another; one that nobody could start is not. */
  #noCandidates(session: Session, isEarly: boolean): Routing {
    const model = modelOf(session)
    if (isEarly) return { state: 'wait', reason: `no operator of ${model} was heard yet` }
    const refusal = session.lastRefusal ?? { code: 'no-operator', detail: `no live operator serves ${model}` }
    return refusal.code === 'upstream-lost' ? { state: 'wait', reason: refusal.detail } : { state: 'refuse', refusal }
  }

  /** The call that carries out a route. */
  execute(session: Session, route: Route, callId: string, now: Millis): PeerEffect[] {
    const { signer, config } = this.#parts
    const { opened, tokens, attempt } = session
    const { model, trace } = requestOf(session)
    const { requestId } = opened
    const { operator, epoch, policy } = route
    const from = tokens.length
    const dispatch = signer.sign('dispatch', { requestId, attempt, model, ...route, from, trace }, now)
    const dispatched = emit({ type: 'dispatched', requestId, attempt, operator, model, epoch, from, policy } as const)
    const message = {
      type: 'Execute',
      request: opened.envelope.bytes,
      prompt: opened.prompt,
      dispatch: dispatch.bytes,
      prefix: [...tokens],
    } as const
    return [dispatched, request({ callId, to: operator, stream: 'infer', message, timeout: config.operatorSilence })]
  }
}
