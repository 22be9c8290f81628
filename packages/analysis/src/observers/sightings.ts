import type { Millis, PeerId } from '@infermesh/kernel'
import type { NetworkRecord } from '@infermesh/scenario'

/** A packet of an answer, as whoever holds or watches the line sees it. */
export interface Packet {
  readonly at: Millis
  readonly bytes: number
}

/** What a relay sees of one sealed request. It knows who asks which gateway, and nothing of what. */
export interface RelaySighting {
  readonly relay: string
  readonly client: PeerId
  readonly gateway: PeerId
  readonly receivedAt: Millis
  readonly forwardedAt: Millis | undefined
  readonly bytes: number
  readonly answer: readonly Packet[]
  /** Told by gateways that bill the relay. */
  readonly cost: number | undefined
}

/** What a gateway sees: everything but whose it is. */
export interface GatewaySighting {
  readonly gateway: string
  readonly relay: PeerId
  readonly at: Millis
  readonly bytes: number
  readonly model: string | undefined
  readonly promptTokens: number | undefined
  readonly maxTokens: number | undefined
  readonly answer: readonly Packet[]
}

/** What an operator sees: a gateway's request, in the gateway's name. */
export interface OperatorSighting {
  readonly operator: string
  readonly at: Millis
  readonly model: string
  readonly tokens: readonly Packet[]
}

/** What a watcher of all links sees of one sealed request on one side of a relay: ends, times and sizes. Noise hides the rest. */
export interface FlowSighting {
  readonly side: 'client' | 'gateway'
  /** The other end of the relay's link. */
  readonly end: PeerId
  readonly relay: string
  readonly sentAt: Millis
  readonly bytes: number
  readonly answer: readonly Packet[]
}

/** What the issuer sees. */
export interface SaleSighting {
  readonly buyer: PeerId
  readonly at: Millis
  readonly count: number
}

type Mutable<Sighting> = { -readonly [K in keyof Sighting]: Sighting[K] extends readonly Packet[] ? Packet[] : Sighting[K] }

/**
 * Sightings by the sealed bytes that they are of, in order of appearance. The values alone are an observer's view; the keys are for the
 * judge who compares guesses with what was so.
 */
export type Sightings<Sighting> = ReadonlyMap<string, Sighting>

export function relaySightings(records: readonly NetworkRecord[]): Sightings<RelaySighting> {
  const seen = new Map<string, Mutable<RelaySighting>>()
  for (const { event, at, peer } of records) {
    if (event.type === 'relayReceived') {
      const { client, gateway, bytes } = event
      seen.set(event.sealed, { relay: peer, client, gateway, receivedAt: at, forwardedAt: undefined, bytes, answer: [], cost: undefined })
    }
    if (!('sealed' in event)) continue
    const sighting = seen.get(event.sealed)
    if (sighting === undefined) continue
    if (event.type === 'relayForwarded') sighting.forwardedAt = at
    if (event.type === 'relayAnswered') sighting.answer.push({ at, bytes: event.bytes })
    if (event.type === 'relayBilled') sighting.cost = event.amount
  }
  return seen
}

export function gatewaySightings(records: readonly NetworkRecord[]): Sightings<GatewaySighting> {
  const seen = new Map<string, Mutable<GatewaySighting>>()
  for (const { event, at, peer } of records) {
    if (event.type === 'sealedOpened') {
      const { relay, bytes, model, promptTokens, maxTokens } = event
      seen.set(event.sealed, { gateway: peer, relay, at, bytes, model, promptTokens, maxTokens, answer: [] })
    }
    if (event.type === 'answerSealed') seen.get(event.sealed)?.answer.push({ at, bytes: event.bytes })
  }
  return seen
}

/** By request id, which operator and gateway share. */
export function operatorSightings(records: readonly NetworkRecord[]): Sightings<OperatorSighting> {
  const seen = new Map<string, Mutable<OperatorSighting>>()
  for (const { event, at, peer } of records) {
    if (event.type === 'executionStarted') seen.set(event.requestId, { operator: peer, at, model: event.model, tokens: [] })
    if (event.type === 'tokensMade') seen.get(event.requestId)?.tokens.push(...event.agoMs.map((ago) => ({ at: at - ago, bytes: 1 })))
  }
  return seen
}

/** Both sides of every relay, each as a flow of its own. */
export function flowSightings(records: readonly NetworkRecord[]): {
  readonly client: Sightings<FlowSighting>
  readonly gateway: Sightings<FlowSighting>
} {
  const client = new Map<string, Mutable<FlowSighting>>()
  const gateway = new Map<string, Mutable<FlowSighting>>()
  for (const { event, at, peer } of records) {
    if (event.type === 'relayReceived') {
      client.set(event.sealed, { side: 'client', end: event.client, relay: peer, sentAt: at, bytes: event.bytes, answer: [] })
    }
    if (event.type === 'relayForwarded') {
      gateway.set(event.sealed, { side: 'gateway', end: event.gateway, relay: peer, sentAt: at, bytes: event.bytes, answer: [] })
    }
    if (event.type === 'relayAnswered') client.get(event.sealed)?.answer.push({ at, bytes: event.bytes })
    if (event.type === 'answerSealed') gateway.get(event.sealed)?.answer.push({ at, bytes: event.bytes })
  }
  return { client, gateway }
}

export const saleSightings = (records: readonly NetworkRecord[]): readonly SaleSighting[] =>
  records.flatMap(({ event, at }) => (event.type === 'tokensSold' ? [{ buyer: event.buyer, at, count: event.count }] : []))
