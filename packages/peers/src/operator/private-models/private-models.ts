import { type CallId, type Failure, type GossipVerdict, type Millis, subscribe, type TimerKey } from '@infermesh/kernel'
import type { Envelope, Message, PeerEffect, PeerInput } from '@infermesh/protocol'
import { PeerWatch } from '../../detection/peer-watch.ts'
import { openNested } from '../../grantor/authority/credentials.ts'
import { ModelBook } from '../../grantor/authority/model-book.ts'
import type { Call } from './call.ts'
import { CallBook } from './call-book.ts'
import { type OwnerCommand, readCommand } from './command.ts'
import type { CommandOutcome, ModelState, Permission, PrivateModelsConfig, PrivateModelsServices } from './config.ts'
import type { DutyContext } from './duty.ts'
import { OwnerDesk } from './owner-desk.ts'
import { PrivateModel } from './private-model.ts'

type PeerRequest = Extract<PeerInput, { type: 'request' }>

/** The private side of an operator: every model that it owns or stands by for. Its call ids, timers and saved keys begin with `lease/`. */
export class PrivateModels {
  readonly #config: PrivateModelsConfig
  readonly #services: PrivateModelsServices
  readonly #calls = new CallBook<Call>('lease/')
  readonly #book: ModelBook
  readonly #watch: PeerWatch
  readonly #models = new Map<string, PrivateModel>()
  readonly #desks = new Map<string, OwnerDesk>()
  #isListening = false

  constructor(config: PrivateModelsConfig, services: PrivateModelsServices) {
    this.#config = config
    this.#services = services
    this.#book = new ModelBook(services, 'lease/book/')
    this.#watch = new PeerWatch(services.directory)
  }

  onStarted(saved: ReadonlyMap<string, Uint8Array>, now: Millis): readonly PeerEffect[] {
    const { peerId } = this.#services.identity
    this.#book.restore(saved, now)
    const effects: PeerEffect[] = [subscribe('models')]
    for (const owned of this.#config.owns) {
      const desk = new OwnerDesk({ owned, services: this.#services, calls: this.#calls, book: this.#book })
      this.#desks.set(owned.model, desk)
      const model = new PrivateModel({ model: owned.model, owner: peerId, desk }, this.#context(), now)
      this.#models.set(owned.model, model)
      effects.push(...this.#listen(), ...model.start(saved, now))
    }
    for (const model of this.#book.models()) effects.push(...this.#takeDuty(model, saved, now))
    return effects
  }

  onGossip(envelope: Envelope, now: Millis): readonly PeerEffect[] {
    switch (envelope.type) {
      case 'capacity':
        return this.#onHeartbeat(envelope, now)
      case 'manifest':
      case 'delegation':
      case 'revocation':
      case 'lease':
      case 'leaseRelease': {
        const learnt = this.#book.learn(envelope, now)
        if (learnt.state !== 'news') return []
        const duty = this.#takeDuty(learnt.model, new Map(), now)
        return [...learnt.effects, ...duty, ...(this.#models.get(learnt.model)?.onLearnt(now) ?? [])]
      }
      default:
        return []
    }
  }

  /** `undefined`: none of a private model's requests. */
  onRequest({ id, from, message }: PeerRequest, now: Millis): readonly PeerEffect[] | undefined {
    switch (message.type) {
      case 'FetchBlob':
        return this.#withBlob(message.blob)?.onBlobAsked({ id, from, message }, now)
      case 'ReleaseShare':
        return this.#models.get(message.model)?.onKeyAsked({ id, from, message }, now)
      case 'ReleaseLease':
        return this.#released(message.release)?.onReleaseAsked({ id, from, message }, now)
      default:
        return undefined
    }
  }

  onResponse(callId: CallId, message: Message, now: Millis): readonly PeerEffect[] {
    return this.#answered(callId, message, now)
  }

  onFailed(callId: CallId, _failure: Failure, now: Millis): readonly PeerEffect[] {
    return this.#answered(callId, undefined, now)
  }

  /** Keys are `lease/<kind>/<model>`; a model's name has slashes of its own. */
  onTimer(key: TimerKey, now: Millis): readonly PeerEffect[] {
    const [, kind = '', ...name] = key.split('/')
    return this.#models.get(name.join('/'))?.onTimer(kind, now) ?? []
  }

  /** Whether this peer may make tokens of this model under this epoch now. Ask again before each stretch. */
  mayServe(model: string, epoch: number, now: Millis): Permission {
    const detail = `${this.#services.directory.nameOf(this.#services.identity.peerId)} has no right to serve ${model}`
    return this.#models.get(model)?.permission(epoch, now) ?? { state: 'refused', code: 'not-serving', detail }
  }

  /** For `capacity`. */
  states(now: Millis): readonly ModelState[] {
    return [...this.#models.values()].map((model) => model.state(now)).filter((state) => state !== undefined)
  }

  /** After the role check. Refuses leases that are proven wrong; what can't be judged yet is passed on. */
  validate(envelope: Envelope): GossipVerdict {
    return this.#book.faultOf(envelope) === undefined ? 'accept' : 'reject'
  }

  /** `undefined`: neither an owner's command nor `status`, whose result is the list of states. */
  onCommand(name: string, argument: string, now: Millis): CommandOutcome | undefined {
    if (name === 'status') return done(this.states(now), [])
    const command = readCommand(name, argument, this.#services.directory)
    if (command === undefined) return undefined
    if (typeof command === 'string') return { state: 'refused', code: 'unknown-command', detail: command }
    const desk = this.#desks.get(command.model)
    const model = this.#models.get(command.model)
    if (desk === undefined || model === undefined) {
      const owned = [...this.#desks.keys()].join(', ') || 'none'
      return { state: 'refused', code: 'not-authorized', detail: `${command.model} is not owned here; owned: ${owned}` }
    }
    return this.#obey(command, { desk, model }, now)
  }

  #obey(command: OwnerCommand, { desk, model }: { readonly desk: OwnerDesk; readonly model: PrivateModel }, now: Millis): CommandOutcome {
    const { directory } = this.#services
    switch (command.name) {
      case 'delegate': {
        const { standby, temperature } = command
        const priority = command.priority ?? Math.min(255, 1 + Math.max(-1, ...desk.roster().map((entry) => entry.priority)))
        const effects = desk.delegate({ standby, temperature, priority }, now)
        return done({ model: command.model, delegated: directory.nameOf(standby), temperature, priority }, effects)
      }
      case 'revoke': {
        const effects = desk.revoke(command.standby, now)
        return done({ model: command.model, revoked: directory.nameOf(command.standby) }, [...effects, ...model.onLearnt(now)])
      }
      case 'handback': {
        const asked = model.handBack(now)
        if (asked === undefined) return { state: 'refused', code: 'not-serving', detail: `no other peer is known to hold ${command.model}` }
        return done({ model: command.model, asked: directory.nameOf(asked.holder), epoch: asked.epoch }, asked.effects)
      }
    }
  }

  /** Only peers that share a private model with this one are watched, however many operators there are. */
  #onHeartbeat(envelope: Envelope<'capacity'>, now: Millis): readonly PeerEffect[] {
    const shared = [...this.#models].filter(([name]) => this.#book.concerns(name, envelope.signer))
    if (shared.length === 0) return []
    this.#watch.hear(envelope, now)
    return shared.flatMap(([, model]) => model.onHeartbeat(envelope.signer, now))
  }

  #answered(callId: CallId, message: Message | undefined, now: Millis): readonly PeerEffect[] {
    const call = this.#calls.close(callId)
    return call === undefined ? [] : (this.#models.get(call.model)?.onAnswer(call, message, now) ?? [])
  }

  /** A delegation that names this peer makes it a standby, from now on. */
  #takeDuty(name: string, saved: ReadonlyMap<string, Uint8Array>, now: Millis): readonly PeerEffect[] {
    const owner = this.#book.ownerOf(name)
    if (owner === undefined || this.#models.has(name)) return []
    if (this.#book.delegationOf(name, this.#services.identity.peerId, now) === undefined) return []
    const model = new PrivateModel({ model: name, owner }, this.#context(), now)
    this.#models.set(name, model)
    return [...this.#listen(), ...model.start(saved, now)]
  }

  #listen(): readonly PeerEffect[] {
    if (this.#isListening) return []
    this.#isListening = true
    return [subscribe('leases'), subscribe('capacity')]
  }

  #withBlob(blob: string): PrivateModel | undefined {
    const name = [...this.#models.keys()].find((model) => this.#book.get(model)?.manifest?.payload.blob === blob)
    return name === undefined ? undefined : this.#models.get(name)
  }

  #released(release: Uint8Array): PrivateModel | undefined {
    const model = openNested('leaseRelease', release, this.#services)?.payload.model
    return model === undefined ? undefined : this.#models.get(model)
  }

  #context(): DutyContext {
    return { config: this.#config, services: this.#services, calls: this.#calls, book: this.#book, watch: this.#watch }
  }
}

const done = (result: Readonly<Record<string, unknown>> | readonly ModelState[], effects: readonly PeerEffect[]): CommandOutcome => ({
  state: 'done',
  effects,
  result: JSON.stringify(result),
})
