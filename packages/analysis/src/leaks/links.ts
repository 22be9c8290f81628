import { poolSizes } from '../attacks/blending.ts'
import { entropyBits } from '../attacks/metrics.ts'
import { partitionBy } from '../attacks/partition.ts'
import { type Flow, roundTripWeights } from '../attacks/round-trip.ts'
import { mixEntropies, newestArrivals } from '../attacks/timing-correlation.ts'
import type { FlowSighting, Sightings } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { bitsOf, blindGuess, type Leak, shareOf } from './leak.ts'
import { firstAtLeast } from './ordered.ts'

/** Mean delays of the relays, which are public: a watcher knows the rules by which they hold messages back. */
export interface DelayMeans {
  readonly request: number
  readonly answer: number
}

interface Flows {
  readonly client: Sightings<FlowSighting>
  readonly gateway: Sightings<FlowSighting>
}

/** Who sent what a gateway got, for someone who watches every link and sees times and sizes. */
export function linkLeaks({ client, gateway }: Flows, truths: ReadonlyMap<string, Truth>, means: DelayMeans): readonly Leak[] {
  const blind = blindGuess([...truths.values()].map((truth) => truth.client))
  const near = [...client].map(([sealed, flow]) => ({ sealed, flow }))
  const far = [...gateway].map(([sealed, flow]) => ({ sealed, flow }))
  return [...oneWay(near, far, { truths, blind }), roundTrip(near, far, { truths, blind, means })]
}

interface Sighted {
  readonly sealed: string
  readonly flow: FlowSighting
}

interface Judge {
  readonly truths: ReadonlyMap<string, Truth>
  readonly blind: number
}

/**
 * Each message out of a relay is taken for the newest one of its size that went in. Whoever holds all others back, or sends them itself,
 * knows what the pool holds and need not guess among more.
 */
function oneWay(near: readonly Sighted[], far: readonly Sighted[], { truths, blind }: Judge): readonly Leak[] {
  const label = ({ flow }: Sighted): string => `${flow.relay} ${flow.bytes}`
  const outs = partitionBy(far, label)
  const senders = sendersOf(near)
  const hits: boolean[] = []
  const bits: number[] = []
  const pools: number[] = []
  for (const [name, ins] of partitionBy(near, label)) {
    const arrivals = inOrder(ins)
    const departures = inOrder(outs.get(name) ?? [])
    const times = { arrivals: arrivals.map(({ flow }) => flow.sentAt), departures: departures.map(({ flow }) => flow.sentAt) }
    const left = mixEntropies(times)
    const held = poolSizes(times)
    newestArrivals(times).forEach((guess, index) => {
      const sealed = departures[index]?.sealed ?? ''
      if (!truths.has(sealed)) return
      const guessed = arrivals[guess]
      hits.push(guessed?.flow.end === senders.get(sealed))
      bits.push(left[index] ?? 0)
      pools.push(Math.max(1, held[index] ?? 1))
    })
  }
  const shared = { observer: 'links', fact: 'sender', blind, samples: hits.length }
  const known = pools.reduce((sum, size) => sum + 1 / size, 0) / Math.max(1, pools.length)
  return [
    { ...shared, attack: 'timing', success: shareOf(hits), ...bitsOf(bits) },
    { ...shared, attack: 'blending', success: known, ...bitsOf(pools.map(Math.log2)) },
  ]
}

/** Both ends of an exchange at once: the request's way in and the answer's way out. */
function roundTrip(
  near: readonly Sighted[],
  far: readonly Sighted[],
  { truths, blind, means }: Judge & { readonly means: DelayMeans },
): Leak {
  const senders = sendersOf(near)
  const hits: boolean[] = []
  const bits: number[] = []
  for (const [relay, outs] of partitionBy(far, ({ flow }) => flow.relay)) {
    const ins = inOrder(near.filter(({ flow }) => flow.relay === relay))
    const all = ins.map(({ flow }) => flowOf(flow))
    for (const { sealed, flow } of outs) {
      if (!truths.has(sealed)) continue
      // Those that were sent after it, or so long before that nothing is held that long, have no weight.
      const first = firstAtLeast(all, flow.sentAt - REACH * Math.max(means.request, HOLD_LEAST), ({ sentAt }) => sentAt)
      const flows = all.slice(
        first,
        firstAtLeast(all, flow.sentAt + 1, ({ sentAt }) => sentAt),
      )
      const bySender = new Map<string, number>()
      roundTripWeights(flows, flowOf(flow), means).forEach((weight, index) => {
        const sender = ins[first + index]?.flow.end
        if (weight > 0 && sender !== undefined) bySender.set(sender, (bySender.get(sender) ?? 0) + weight)
      })
      const best = [...bySender].reduce((left, right) => (right[1] > left[1] ? right : left), ['', 0] as [string, number])
      hits.push(best[0] === senders.get(sealed))
      bits.push(entropyBits([...bySender.values()]))
    }
  }
  return { observer: 'links', fact: 'sender', attack: 'round-trip', success: shareOf(hits), blind, samples: hits.length, ...bitsOf(bits) }
}

const sendersOf = (near: readonly Sighted[]): ReadonlyMap<string, string> => new Map(near.map(({ sealed, flow }) => [sealed, flow.end]))

const flowOf = ({ sentAt, bytes, answer }: FlowSighting): Flow => ({
  sentAt,
  answeredAt: answer[0]?.at ?? Number.POSITIVE_INFINITY,
  label: `${bytes} ${answer.length} ${answer.reduce((sum, packet) => sum + packet.bytes, 0)}`,
})

const inOrder = (sighted: readonly Sighted[]): readonly Sighted[] =>
  [...sighted].sort((left, right) => left.flow.sentAt - right.flow.sentAt)

/** Means of the delay, beyond which e^−x is no weight at all. */
const REACH = 30
const HOLD_LEAST = 50
