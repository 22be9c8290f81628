import { emit, type Failure, type Millis, type PeerId, request } from '@infermesh/kernel'
import { errorEntry, type Message, type PeerEffect, type PeerServices } from '@infermesh/protocol'
import { obliviousOf } from '@infermesh/protocol/oblivious'
import { sealedNameOf } from '../../relay/sealed-name.ts'
import { GatewayChoice } from '../gateway-choice.ts'
import { randomOf } from './entropy-random.ts'
import type { ObliviousSettings } from './oblivious-config.ts'
import type { Sealed } from './sealer.ts'

/** Call ids of what goes to relays under seal. */
export const FORWARD_PREFIX = 'forward/'

/** What came back of one sealed message. `over`: nothing more will come. */
export type Arrival =
  | { readonly type: 'messages'; readonly messages: readonly Message[]; readonly over: boolean }
  /** Told in the open. `definite`: it was certainly not done, the only ground for sending anew. */
  | { readonly type: 'refused'; readonly code: string; readonly detail: string; readonly definite: boolean; readonly over: true }
  /** What came does not open, or was cut. Whether the gateway did the work is not known. */
  | { readonly type: 'broken'; readonly detail: string; readonly over: true }

interface Shipment<Owner> {
  readonly owner: Owner | undefined
  readonly relay: PeerId
  readonly name: string
  readonly sealed: Sealed
}

export interface Parcel<Owner> {
  /** Absent for cover. */
  readonly owner: Owner | undefined
  readonly gateway: PeerId
  readonly sealed: Sealed
  readonly requestId?: string
  readonly attempt: number
  readonly timeout: Millis
}

/** Sealed messages on their way through relays. */
export class Shipments<Owner> {
  readonly #services: PeerServices
  readonly #choice: GatewayChoice
  readonly #isSticky: boolean
  readonly #byCall = new Map<string, Shipment<Owner>>()
  #relay: PeerId | undefined
  #calls = 0

  constructor(oblivious: ObliviousSettings, services: PeerServices) {
    this.#services = services
    this.#choice = new GatewayChoice(oblivious.relays, randomOf(obliviousOf(services).entropy))
    this.#isSticky = oblivious.relayChoice === 'sticky'
  }

  send({ owner, gateway, sealed, requestId, attempt, timeout }: Parcel<Owner>, now: Millis): PeerEffect[] {
    const relay = this.relay(now)
    const name = sealedNameOf(this.#services, sealed.body)
    const callId = `${FORWARD_PREFIX}${this.#calls++}`
    this.#byCall.set(callId, { owner, relay, name, sealed })
    const bytes = sealed.body.length
    const event = {
      type: 'sealedSent',
      sealed: name,
      ...(requestId === undefined ? {} : { requestId }),
      relay,
      gateway,
      bytes,
      attempt,
    } as const
    const message = { type: 'Forward', gateway, media: sealed.media, body: sealed.body } as const
    return [emit(event), request({ callId, to: relay, stream: 'oblivious', message, timeout })]
  }

  /** The relay for the next message. */
  relay(now: Millis): PeerId {
    if (this.#isSticky && this.#relay !== undefined) return this.#relay
    this.#relay = this.#choice.next(undefined, now)
    return this.#relay
  }

  avoid(relay: PeerId, now: Millis): void {
    this.#choice.failed(relay, now)
    if (this.#relay === relay) this.#relay = undefined
  }

  onResponse(callId: string, message: Message, last: boolean, now: Millis) {
    const shipment = this.#byCall.get(callId)
    if (shipment === undefined) return undefined
    return this.#settle(callId, shipment, arrivalOf(shipment, message, last), now)
  }

  onFailed(callId: string, failure: Failure, now: Millis) {
    const shipment = this.#byCall.get(callId)
    if (shipment === undefined) return undefined
    const detail = `${this.#services.directory.nameOf(shipment.relay)}: ${failure.code}`
    // A relay that could not be reached has nothing to pass on; one that was lost may have.
    const isDefinite = failure.code === 'unreachable' || failure.code === 'overflow'
    this.avoid(shipment.relay, now)
    const arrival: Arrival = isDefinite
      ? { type: 'refused', code: 'not-processed', detail, definite: true, over: true }
      : { type: 'broken', detail, over: true }
    return this.#settle(callId, shipment, arrival, now)
  }

  #settle(callId: string, shipment: Shipment<Owner>, arrival: Arrival, now: Millis) {
    const { owner, relay, name } = shipment
    if (arrival.over) this.#byCall.delete(callId)
    if (arrival.type === 'refused') this.avoid(relay, now)
    const outcome = arrival.type === 'messages' ? 'whole' : arrival.type === 'refused' ? arrival.code : 'broken'
    const effects: PeerEffect[] = arrival.over ? [emit({ type: 'sealedEnded', sealed: name, outcome })] : []
    if (arrival.type === 'broken')
      effects.push(emit({ type: 'refusedInput', from: relay, what: `sealed answer ${name}`, reason: arrival.detail }))
    return { owner, arrival, effects }
  }
}

function arrivalOf<Owner>({ sealed }: Shipment<Owner>, message: Message, last: boolean): Arrival {
  if (message.type === 'Refused') {
    return { type: 'refused', code: message.code, detail: message.detail, definite: errorEntry(message.code).definite, over: true }
  }
  if (message.type !== 'SealedPart') return { type: 'broken', detail: `the relay answered ${message.type}`, over: true }
  const opened = sealed.answer.push(message.data)
  const end = opened.ok && last ? sealed.answer.end() : opened
  // What opened before the cut is good by itself; that it is all must still be shown.
  if (!opened.ok || !end.ok) return { type: 'broken', detail: end.ok ? '' : end.detail, over: true }
  return { type: 'messages', messages: opened.value, over: last }
}
