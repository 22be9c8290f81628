import { type Millis, respond } from '@infermesh/kernel'
import type { Envelope, Message, MessageOf, PeerEffect } from '@infermesh/protocol'
import type { Asked } from '../../grantor/asked.ts'
import { refuse } from '../../grantor/refusal.ts'
import type { Call } from './call.ts'
import type { Temperature } from './config.ts'
import type { Duty, DutyContext } from './duty.ts'
import type { HeldLease, LeaseTerms } from './lease-keeper.ts'
import type { OwnerSecrets } from './sealed-weights.ts'
import { quiet, type Step } from './step.ts'
import { blobSources, keyRequest } from './supply.ts'
import { type StoreNews, WeightStore } from './weight-store.ts'

export type CustodyCall = Extract<Call, { part: 'chunk' | 'share' | 'pull' }>

/** Brings one model's weights here as far as this peer's right goes, and passes the sealed ones on to others that have it. */
export class Custody {
  readonly #duty: Duty
  readonly #context: DutyContext
  readonly #store: WeightStore
  #isPulling = false
  #gatherings = 0

  constructor(duty: Duty, context: DutyContext) {
    const { config, services, calls } = context
    this.#duty = duty
    this.#context = context
    this.#store = new WeightStore({ model: duty.model, services, calls, loadBytesPerSecond: config.loadBytesPerSecond })
  }

  /** An owner has everything from the start; a standby has what its disk kept. */
  start(saved: ReadonlyMap<string, Uint8Array>, secrets: OwnerSecrets | undefined): Step<StoreNews> {
    if (secrets !== undefined) return this.#store.own(secrets)
    this.#store.restore(saved)
    return quiet
  }

  temperature(): Temperature {
    return this.#store.temperature()
  }

  weights(): Uint8Array | undefined {
    return this.#store.weights()
  }

  /** Rounds of gathering shares since the lease began. */
  gatherings(): number {
    return this.#gatherings
  }

  /** Before any loss: a warm or hot standby fetches the sealed weights, a hot one asks the owner for the key as well. */
  prepare({ manifest, delegation }: LeaseTerms, now: Millis): Step<StoreNews> {
    if (delegation === undefined || delegation.payload.temperature === 'cold') return quiet
    if (this.#store.temperature() === 'cold') return this.fetch(manifest, now)
    return { effects: this.#pull(delegation, now) }
  }

  fetch(manifest: Envelope<'manifest'>, now: Millis): Step<StoreNews> {
    if (this.#store.isFetching()) return quiet
    return this.#store.fetch(manifest, blobSources(this.#duty, this.#context, now))
  }

  /** Under the own lease: collects the key from the grantors. */
  gather(lease: HeldLease): readonly PeerEffect[] {
    if (this.#store.temperature() !== 'warm' || this.#store.isGathering()) return []
    this.#gatherings++
    return this.#store.gather(lease)
  }

  onAnswer(call: CustodyCall, message: Message | undefined, manifest: Envelope<'manifest'>): Step<StoreNews> {
    if (call.part === 'chunk') return this.#store.onChunk(call, message, manifest)
    if (call.part === 'share') return this.#store.onShare(call, message, manifest)
    this.#isPulling = false
    return message?.type === 'HoldKey' ? this.#store.onKey(message.key, manifest) : quiet
  }

  onLoaded(): Step<StoreNews> {
    return this.#store.onLoaded()
  }

  /** After a lease: keeps what the temperature of the standing right allows. */
  cool(to: Temperature): readonly PeerEffect[] {
    this.#gatherings = 0
    return to === 'hot' ? [] : this.#store.cool(to)
  }

  onBlobAsked(asked: Asked<MessageOf<'FetchBlob'>>, now: Millis): readonly PeerEffect[] {
    const { model, owner } = this.#duty
    const { id, from, message } = asked
    if (from !== owner && this.#context.book.delegationOf(model, from, now) === undefined) {
      return refuse(asked, 'not-authorized', `the sealed weights of ${model} go to its owner's standbys only`)
    }
    const chunk = this.#store.chunk(message.offset)
    return chunk === undefined ? refuse(asked, 'unknown-blob', `${model} is not kept here`) : [respond<Message>(id, chunk)]
  }

  #pull(delegation: Envelope<'delegation'>, now: Millis): readonly PeerEffect[] {
    const { model, owner } = this.#duty
    const lease = this.#context.book.get(model)?.lease
    if (delegation.payload.temperature !== 'hot' || this.#isPulling || lease === undefined || lease.holder !== owner) return []
    if (this.#store.temperature() !== 'warm' || this.#store.isGathering()) return []
    this.#isPulling = true
    return [keyRequest(this.#duty, { delegation, lease }, this.#context, now)]
  }
}
