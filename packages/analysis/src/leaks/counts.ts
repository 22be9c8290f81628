import { areaUnderCurve } from '../attacks/metrics.ts'
import type { FlowSighting, SaleSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { estimatorOf, halves, isNear, median } from './estimator.ts'
import { bitsOf, type Leak, shareOf } from './leak.ts'
import { thinned } from './ordered.ts'

/** One client as an observer counts it, and the number that is asked for. */
interface Counted {
  readonly client: string
  readonly seen: number
  readonly truth: number
}

/**
 * How often each client asks, for someone who counts what leaves it: at every link, or at one relay, which sees the more of a client the more
 * it keeps to that relay. Cover is counted too.
 */
export function activityLeaks(
  flows: readonly FlowSighting[],
  truths: Iterable<Truth>,
  peerIdOf: (name: string) => string,
): readonly (Leak | undefined)[] {
  const asked = new Map<string, number>()
  for (const { client } of truths) asked.set(client, (asked.get(client) ?? 0) + 1)
  const byPeer = new Map([...asked].map(([client, count]) => [peerIdOf(client), count]))
  const counted = (nameOf: (flow: FlowSighting) => string): readonly Counted[] => {
    const seen = new Map<string, { readonly client: string; count: number }>()
    for (const flow of flows) {
      const known = seen.get(nameOf(flow))
      if (known === undefined) seen.set(nameOf(flow), { client: flow.end, count: 1 })
      else known.count++
    }
    return [...seen.values()].map(({ client, count }) => ({ client, seen: count, truth: byPeer.get(client) ?? 0 }))
  }
  const names = { fact: 'how often', attack: 'counting' }
  return [
    countLeak(
      { observer: 'links', ...names },
      counted(({ end }) => end),
    ),
    countLeak(
      { observer: 'relay', ...names },
      counted(({ end, relay }) => `${relay} ${end}`),
    ),
  ]
}

/** How much each client spends, for the issuer, who counts what it buys. */
export function boughtLeak(
  sales: readonly SaleSighting[],
  spent: ReadonlyMap<string, number>,
  peerIdOf: (name: string) => string,
): Leak | undefined {
  const bought = new Map<string, number>()
  for (const { buyer, count } of sales) bought.set(buyer, (bought.get(buyer) ?? 0) + count)
  const byPeer = new Map([...spent].map(([client, count]) => [peerIdOf(client), count]))
  const counted = [...bought].map(([client, count]): Counted => ({ client, seen: count, truth: byPeer.get(client) ?? 0 }))
  return countLeak({ observer: 'issuer', fact: 'spend', attack: 'lots bought' }, counted)
}

/** The attacker knows what its own clients did, every other one. The question of yes or no: does this one more than is usual? */
function countLeak(name: Pick<Leak, 'observer' | 'fact' | 'attack'>, counted: readonly Counted[]): Leak | undefined {
  const [known, others] = halves(counted, ({ client }) => client)
  if (known.length === 0 || others.length === 0) return undefined
  const judged = thinned(others, CLIENTS_MAX)
  const guess = estimatorOf(thinned(known, CLIENTS_MAX).map(({ seen, truth }) => ({ features: [seen], answer: truth })))
  const usual = median(known.map(({ truth }) => truth))
  const [more = [], less = []] = [true, false].map((wanted) =>
    others.filter(({ truth }) => truth > usual === wanted).map(({ seen }) => seen),
  )
  const crowds = new Map<number, number>()
  for (const { seen } of others) crowds.set(seen, (crowds.get(seen) ?? 0) + 1)
  return {
    ...name,
    success: shareOf(judged.map(({ seen, truth }) => isNear(Math.round(guess([seen])), truth))),
    blind: shareOf(judged.map(({ truth }) => isNear(usual, truth))),
    samples: judged.length,
    ...bitsOf(judged.map(({ seen }) => Math.log2(crowds.get(seen) ?? 1))),
    ...(more.length > 0 && less.length > 0 ? { auc: areaUnderCurve(more, less) } : {}),
  }
}

/** Clients of each half: each that is judged is compared with all that are known. */
const CLIENTS_MAX = 1_000
