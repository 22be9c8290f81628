import { hittingSets } from '../attacks/hitting-set.ts'
import { intersect } from '../attacks/intersection.ts'
import { areaUnderCurve, entropyBits } from '../attacks/metrics.ts'
import { discloseReceivers, type RoundCounts, receiverShares } from '../attacks/statistical-disclosure.ts'
import type { ReceiptSighting } from '../observers/settlement.ts'
import type { FlowSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { bitsOf, type Leak, shareOf } from './leak.ts'
import { firstAtLeast } from './ordered.ts'

export interface Habits {
  /** What a watcher sees between clients and relays. */
  readonly flows: Iterable<FlowSighting>
  /** What the log says was worked on. */
  readonly receipts: ReadonlyMap<string, ReceiptSighting>
  readonly truths: readonly Truth[]
  readonly peerIdOf: (name: string) => string
  /** Mean time that a request is kept by a relay: public, as the rule is. */
  readonly heldMs: number
}

/**
 * What many requests of one client tell together, though each alone is hidden: whom it writes to, a gateway and a model, for someone who sees
 * when clients send and reads in the log what was begun soon after. A round is one such stretch of time.
 */
export function habitLeaks(habits: Habits): readonly Leak[] {
  const { labels, clients } = watched(habits)
  if (labels.length < 2 || clients.length === 0) return []
  return [disclosureLeak(labels, clients), intersectionLeak(labels, clients), hittingSetLeak(labels, clients)]
}

interface Watched {
  readonly contacts: ReadonlySet<string>
  /** Counts by label in the rounds in which the client sent, and in others. */
  readonly own: readonly RoundCounts[]
  readonly others: readonly RoundCounts[]
}

function watched({ flows, receipts, truths, peerIdOf, heldMs }: Habits) {
  const begun = [...receipts.values()].sort((left, right) => left.startedAt - right.startedAt)
  const labels = [...new Set(begun.map(labelOf))].sort()
  const span = Math.max(SPAN_LEAST, Math.round(SPAN_MEANS * heldMs))
  const places = new Map(labels.map((label, place) => [label, place]))
  const round = (from: number): RoundCounts => countsOf(begun, { from, to: from + span, places })
  const sent = new Map<string, number[]>()
  for (const { end, sentAt } of flows) {
    const times = sent.get(end)
    if (times === undefined) sent.set(end, [sentAt])
    else times.push(sentAt)
  }
  const contacts = new Map<string, Set<string>>()
  for (const { client, requestId } of truths) {
    const receipt = receipts.get(requestId)
    if (receipt === undefined) continue
    const peer = peerIdOf(client)
    contacts.set(peer, (contacts.get(peer) ?? new Set()).add(labelOf(receipt)))
  }
  const first = begun[0]?.startedAt ?? 0
  const grid = Array.from({ length: Math.ceil(((begun.at(-1)?.startedAt ?? 0) - first) / span) }, (_, step) => first + step * span)
  const background = grid.map(round)
  const clients = [...contacts].map(([peer, own]): Watched => {
    const times = sent.get(peer) ?? []
    const others = background.filter((_, step) => !times.some((at) => Math.abs(at - (grid[step] ?? 0)) < span))
    return { contacts: own, own: times.map(round), others }
  })
  return { labels, clients }
}

const labelOf = ({ gateway, model }: ReceiptSighting): string => `${gateway} ${model}`

function countsOf(
  begun: readonly ReceiptSighting[],
  { from, to, places }: { readonly from: number; readonly to: number; readonly places: ReadonlyMap<string, number> },
): RoundCounts {
  const counts = new Array<number>(places.size).fill(0)
  for (let index = firstAtLeast(begun, from, ({ startedAt }) => startedAt); index < begun.length; index++) {
    const receipt = begun[index]
    if (receipt === undefined || receipt.startedAt >= to) break
    const place = places.get(labelOf(receipt)) ?? 0
    counts[place] = (counts[place] ?? 0) + 1
  }
  return counts
}

type Scores = readonly number[]

/** `scores` say, for each client, how much speaks for each label; the best is the guess. */
function habitLeak(
  attack: string,
  { labels, clients }: { readonly labels: readonly string[]; readonly clients: readonly Watched[] },
  scored: readonly { readonly scores: Scores; readonly bits: number }[],
): Leak {
  const hits = clients.map(({ contacts }, index) => contacts.has(labels[bestOf(scored[index]?.scores ?? [])] ?? ''))
  const pairs = clients.flatMap(({ contacts }, index) =>
    labels.map((label, place) => ({ isContact: contacts.has(label), score: scored[index]?.scores[place] ?? 0 })),
  )
  const [yes = [], no = []] = [true, false].map((wanted) => pairs.filter(({ isContact }) => isContact === wanted).map(({ score }) => score))
  const blind = Math.max(...labels.map((label) => shareOf(clients.map(({ contacts }) => contacts.has(label)))))
  return {
    ...{ observer: 'links+settlement', fact: 'contacts', attack, success: shareOf(hits), blind, samples: clients.length },
    ...bitsOf(scored.map(({ bits }) => bits)),
    ...(yes.length > 0 && no.length > 0 ? { auc: areaUnderCurve(yes, no) } : {}),
  }
}

function disclosureLeak(labels: readonly string[], clients: readonly Watched[]): Leak {
  const scored = clients.map(({ own, others }) => {
    const messages = own.reduce((sum, counts) => sum + counts.reduce((total, count) => total + count, 0), 0)
    const scores = discloseReceivers(own, receiverShares(others), Math.max(1, messages / Math.max(1, own.length)))
    const positive = scores.map((score) => Math.max(0, score))
    return { scores, bits: positive.some((score) => score > 0) ? entropyBits(positive) : Math.log2(labels.length) }
  })
  return habitLeak('statistical disclosure', { labels, clients }, scored)
}

/** Who has one contact is found where only one label was there each time it sent. */
function intersectionLeak(labels: readonly string[], clients: readonly Watched[]): Leak {
  const scored = clients.map(({ own }) => {
    const left = intersect(own.map(presentIn))
    // Nothing in common: it has several contacts, or a round was missed. As good as not having looked.
    const isEmpty = left.size === 0
    return { scores: labels.map((_, place) => (left.has(place) ? 1 / left.size : 0)), bits: Math.log2(isEmpty ? labels.length : left.size) }
  })
  return habitLeak('intersection', { labels, clients }, scored)
}

function hittingSetLeak(labels: readonly string[], clients: readonly Watched[]): Leak {
  const scored = clients.map(({ own }) => {
    const sets = hittingSets(
      own.map(presentIn).filter((present) => present.size > 0),
      CONTACTS_MAX,
    )
    const least = Math.min(...sets.map((set) => set.size))
    const smallest = sets.filter((set) => set.size === least && set.size > 0)
    const share = (place: number): number => shareOf(smallest.map((set) => set.has(place)))
    return {
      scores: labels.map((_, place) => share(place)),
      bits: Math.log2(Math.max(1, smallest.length === 0 ? labels.length : smallest.length)),
    }
  })
  return habitLeak('hitting set', { labels, clients }, scored)
}

const presentIn = (counts: RoundCounts): ReadonlySet<number> => new Set(counts.flatMap((count, place) => (count > 0 ? [place] : [])))
const bestOf = (scores: Scores): number => scores.reduce((best, score, place) => (score > (scores[best] ?? 0) ? place : best), 0)

/** A round lasts until most messages that came at its start have left, and the gateway's own work is begun. */
const SPAN_MEANS = 3
const SPAN_LEAST = 250
const CONTACTS_MAX = 2
