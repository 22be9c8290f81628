import type { NetworkRecord } from '@infermesh/scenario'
import { entropyBits } from '../attacks/metrics.ts'
import { type ReadReceipt, settlementSightings } from '../observers/settlement.ts'
import { flowSightings, gatewaySightings, operatorSightings, relaySightings, saleSightings } from '../observers/sightings.ts'
import { type Truth, truthOf } from '../observers/truth.ts'
import { type Costs, costsOf } from './costs.ts'
import { activityLeaks, boughtLeak } from './counts.ts'
import { habitLeaks } from './habits.ts'
import { bitsOf, blindGuess, type Leak, open } from './leak.ts'
import { type DelayMeans, linkLeaks } from './links.ts'
import { type Dictionary, relayWithSettlement, settlementLeaks } from './log-readers.ts'
import { pieceLeak } from './pieces.ts'
import { purchaseLeaks } from './purchases.ts'
import { sizeLeaks } from './sizes.ts'

export interface LeaksOptions {
  readonly read: ReadReceipt
  readonly dictionary: Dictionary
  readonly peerIdOf: (name: string) => string
  /** Coins that a blind token is worth. */
  readonly tokenWorth: number
}

export interface LeakReport {
  readonly leaks: readonly Leak[]
  readonly costs: Costs
  /** Requests held at a relay at one time, on average: with few, no delay hides anyone. */
  readonly heldAtRelays: number
}

/** What each observer of a run learns, each from its own projection of the trace, and what was paid for keeping it from them. */
export function leaksOf(records: readonly NetworkRecord[], options: LeaksOptions): LeakReport {
  const truths = truthOf(records)
  const relay = relaySightings(records)
  const gateway = gatewaySightings(records)
  const receipts = settlementSightings(records, options.read)
  const all = [...truths.values()]
  const sales = saleSightings(records)
  const samples = [...relay].flatMap(([sealed, sighting]) => {
    const truth = truths.get(sealed)
    return truth === undefined ? [] : [{ sighting, truth }]
  })
  const means = meansOf(records)
  const flows = flowSightings(records)
  const pieces = pieceLeak(records, samples)
  const saleLeaks = (sold: typeof sales): readonly Leak[] => [
    open('issuer', 'buyer', sold.length),
    ...presentOf(boughtLeak(sold, spentOf(records, truths), options.peerIdOf)),
    // The log has each order, with its buyer and its number.
    open('settlement', 'purchases', sold.length),
    ...purchaseLeaks({ sales: sold, openings: gateway, truths, peerIdOf: options.peerIdOf }),
  ]
  const leaks = [
    open('relay', 'sender', samples.length),
    open('relay', 'gateway', samples.length),
    ...sizeLeaks(samples),
    ...presentOf(pieces),
    ...knowsAllBut('gateway', all, [...gateway.keys()].filter((sealed) => truths.has(sealed)).length),
    ...knowsAllBut('operator', all, operatorSightings(records).size === 0 ? 0 : all.length),
    ...linkLeaks(flows, truths, means),
    ...settlementLeaks(receipts, all, { ...options.dictionary, peerIdOf: options.peerIdOf }),
    ...habitLeaks({ flows: flows.client.values(), receipts, truths: all, peerIdOf: options.peerIdOf, heldMs: means.request }),
    ...activityLeaks([...flows.client.values()], all, options.peerIdOf).flatMap(presentOf),
    ...(sales.length === 0 ? [] : saleLeaks(sales)),
    relayWithSettlement(relay, truths, receipts),
    // Both hold the sealed bytes, which name the request to each of them.
    open('relay+gateway', 'sender and prompt', [...relay.keys()].filter((sealed) => truths.has(sealed) && gateway.has(sealed)).length),
  ]
  const seconds = (records.at(-1)?.at ?? 0) / 1_000
  const heldAtRelays = seconds === 0 ? 0 : (relay.size / seconds) * (means.request / 1_000)
  return { leaks, costs: costsOf(records, truths, options.tokenWorth), heldAtRelays }
}

/** Who opens a request has all of it but the sender, for whom there is only how often each client asks. */
function knowsAllBut(observer: string, truths: readonly Truth[], samples: number): readonly Leak[] {
  const clients = truths.map(({ client }) => client)
  const counts = new Map<string, number>()
  for (const client of clients) counts.set(client, (counts.get(client) ?? 0) + 1)
  const blind = blindGuess(clients)
  const sender = { observer, fact: 'sender', attack: 'prior', success: samples === 0 ? 0 : blind, blind, samples }
  return [
    { ...sender, ...bitsOf(samples === 0 ? [] : [entropyBits([...counts.values()])]) },
    ...['prompt', 'model', 'prompt length', 'answer length'].map((fact) => open(observer, fact, samples)),
  ]
}

const presentOf = (leak: Leak | undefined): readonly Leak[] => (leak === undefined ? [] : [leak])

/** Blind tokens that each client spent. */
function spentOf(records: readonly NetworkRecord[], truths: ReadonlyMap<string, Truth>): ReadonlyMap<string, number> {
  const clients = new Map([...truths.values()].map(({ requestId, client }) => [requestId, client]))
  const spent = new Map<string, number>()
  for (const { event } of records) {
    if (event.type !== 'tokensSpent') continue
    const client = clients.get(event.requestId)
    if (client !== undefined) spent.set(client, (spent.get(client) ?? 0) + event.count)
  }
  return spent
}

/** What relays hold on average: their rule is public, and this is its measure. */
function meansOf(records: readonly NetworkRecord[]): DelayMeans {
  let [held, count, late, answers] = [0, 0, 0, 0]
  const begun = new Map<string, number>()
  for (const { event, at } of records) {
    if (event.type === 'relayForwarded') [held, count] = [held + event.heldMs, count + 1]
    if (event.type === 'answerSealed' && !begun.has(event.sealed)) begun.set(event.sealed, at)
    if (event.type !== 'relayAnswered') continue
    const since = begun.get(event.sealed)
    if (since === undefined || since === Number.NEGATIVE_INFINITY) continue
    begun.set(event.sealed, Number.NEGATIVE_INFINITY)
    ;[late, answers] = [late + at - since, answers + 1]
  }
  return { request: count === 0 ? 0 : held / count, answer: answers === 0 ? 0 : late / answers }
}

/** Flat names for scripts: `privacy.<observer>.<attack>.success_rate`, and the rest of a leak beside it. */
export function leakMetrics({ leaks, costs, heldAtRelays }: LeakReport): Readonly<Record<string, number>> {
  const metrics: Record<string, number> = { 'privacy.relay.held': heldAtRelays }
  for (const leak of leaks) {
    const name = `privacy.${slug(leak.observer)}.${slug(leak.attack === 'sees' || isShared(leak) ? `${leak.fact}` : leak.attack)}`
    metrics[`${name}.success_rate`] = leak.success
    metrics[`${name}.blind_rate`] = leak.blind
    if (leak.bitsMin !== undefined) metrics[`${name}.bits.min`] = leak.bitsMin
    if (leak.bitsP5 !== undefined) metrics[`${name}.bits.p5`] = leak.bitsP5
    if (leak.auc !== undefined) metrics[`${name}.auc`] = leak.auc
  }
  for (const [name, value] of Object.entries(costs)) metrics[`privacy.cost.${snake(name)}`] = value
  return metrics
}

/** Attacks that serve several facts of one observer are told apart by the fact. */
const isShared = ({ attack }: Leak): boolean => attack === 'size' || attack === 'prior'
const slug = (text: string): string => text.replace(/[^a-z0-9]+/g, '_')
const snake = (text: string): string => text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
