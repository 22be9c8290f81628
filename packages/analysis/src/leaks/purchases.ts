import { entropyBits } from '../attacks/metrics.ts'
import type { SaleSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { bitsOf, blindGuess, type Leak, shareOf } from './leak.ts'
import { firstAtLeast, thinned } from './ordered.ts'

/** What an issuer and a gateway have together. */
export interface BoughtAndUsed {
  readonly sales: readonly SaleSighting[]
  /** Requests that the gateway opened, by their sealed bytes. */
  readonly openings: ReadonlyMap<string, { readonly at: number }>
  readonly truths: ReadonlyMap<string, Truth>
  readonly peerIdOf: (name: string) => string
}

/** Who asked, for an issuer that sees a gateway's requests: by how much each has bought, and by who bought at about that time. */
export const purchaseLeaks = (both: BoughtAndUsed): readonly Leak[] => [byVolume(both), byTime(both)]

interface Use {
  readonly at: number
  readonly buyer: string
}

function usesOf({ openings, truths, peerIdOf }: BoughtAndUsed): readonly Use[] {
  const uses = [...openings].flatMap(([sealed, { at }]) => {
    const truth = truths.get(sealed)
    return truth === undefined ? [] : [{ at, buyer: peerIdOf(truth.client) }]
  })
  return uses.sort((left, right) => left.at - right.at)
}

const namesOf = ({ truths }: BoughtAndUsed) => ({
  ...{ observer: 'gateway+issuer', fact: 'sender', blind: blindGuess([...truths.values()].map(({ client }) => client)) },
})

/** The one who bought most by then. */
function byVolume(both: BoughtAndUsed): Leak {
  const bought = new Purchases(both.sales)
  const judged = usesOf(both).map(({ at, buyer }) => {
    bought.until(at)
    return { isHit: bought.most() === buyer, bits: bought.bits() }
  })
  return {
    ...{ ...namesOf(both), attack: 'purchases', samples: judged.length, success: shareOf(judged.map(({ isHit }) => isHit)) },
    ...bitsOf(judged.map(({ bits }) => bits)),
  }
}

/**
 * The one whose purchase is nearest in time: who buys when it needs, or buys anew once it has used, tells so. What speaks for a buyer falls
 * by e with each usual pause between two purchases of one buyer.
 */
function byTime(both: BoughtAndUsed): Leak {
  const sales = [...both.sales].sort((left, right) => left.at - right.at)
  const buyers = new Set(sales.map(({ buyer }) => buyer)).size
  const span = (sales.at(-1)?.at ?? 0) - (sales[0]?.at ?? 0)
  const pause = Math.max(1, (span * buyers) / Math.max(1, sales.length))
  const judged = thinned(usesOf(both), USES_MAX).map(({ at, buyer }) => {
    const near = sales.slice(
      firstAtLeast(sales, at - REACH * pause, (sale) => sale.at),
      firstAtLeast(sales, at + REACH * pause, (sale) => sale.at),
    )
    const distances = new Map<string, number>()
    for (const sale of near) {
      const distance = Math.abs(sale.at - at)
      if (distance < (distances.get(sale.buyer) ?? Number.POSITIVE_INFINITY)) distances.set(sale.buyer, distance)
    }
    const best = [...distances].reduce((left, right) => (right[1] < left[1] ? right : left), ['', Number.POSITIVE_INFINITY] as const)
    const weights = [...distances.values()].map((distance) => Math.exp(-distance / pause))
    return { isHit: best[0] === buyer, bits: weights.length === 0 ? Math.log2(Math.max(1, buyers)) : entropyBits(weights) }
  })
  return {
    ...{ ...namesOf(both), attack: 'purchase times', samples: judged.length, success: shareOf(judged.map(({ isHit }) => isHit)) },
    ...bitsOf(judged.map(({ bits }) => bits)),
  }
}

/** What each buyer has bought so far, kept as sums: there may be very many of both. */
class Purchases {
  readonly #sales: readonly SaleSighting[]
  readonly #counts = new Map<string, number>()
  #next = 0
  #total = 0
  /** Σ x·log2 x over all buyers. */
  #sum = 0
  #most = { buyer: '', count: 0 }

  constructor(sales: readonly SaleSighting[]) {
    this.#sales = [...sales].sort((left, right) => left.at - right.at)
  }

  until(instant: number): void {
    for (; this.#next < this.#sales.length; this.#next++) {
      const sale = this.#sales[this.#next]
      if (sale === undefined || sale.at > instant) return
      const before = this.#counts.get(sale.buyer) ?? 0
      const count = before + sale.count
      this.#counts.set(sale.buyer, count)
      this.#total += sale.count
      this.#sum += count * Math.log2(count) - (before === 0 ? 0 : before * Math.log2(before))
      if (count > this.#most.count) this.#most = { buyer: sale.buyer, count }
    }
  }

  most(): string {
    return this.#most.buyer
  }

  bits(): number {
    return this.#total === 0 ? 0 : Math.max(0, Math.log2(this.#total) - this.#sum / this.#total)
  }
}

/** Each is compared with every purchase about its time. */
const USES_MAX = 500
/** Pauses beyond which e^−x is no weight at all. */
const REACH = 5
