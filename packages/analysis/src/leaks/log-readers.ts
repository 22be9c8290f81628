import { dictionaryHits } from '../attacks/dictionary.ts'
import { partitionBy } from '../attacks/partition.ts'
import type { ReceiptSighting } from '../observers/settlement.ts'
import type { RelaySighting, SaleSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { bitsOf, blindGuess, type Leak, open, shareOf } from './leak.ts'
import { firstAtLeast } from './ordered.ts'

export interface Dictionary {
  readonly prompts: readonly string[]
  readonly hash: (prompt: string) => string
  /** Length of a guess in tokens: a receipt says how long the prompt was. */
  readonly lengthOf: (prompt: string) => number
  /** Hash of what the model of a receipt answers to a guess, as the receipt would hold it. Seed and weights stand in the receipt. */
  readonly answerHash: (prompt: string, receipt: ReceiptSighting) => string
}

/** What anyone can read out of the log, and out of the log beside what else is known. */
export function settlementLeaks(
  receipts: ReadonlyMap<string, ReceiptSighting>,
  truths: readonly Truth[],
  { prompts, hash, lengthOf, answerHash, peerIdOf }: Dictionary & { readonly peerIdOf: (name: string) => string },
): readonly Leak[] {
  const judged = truths.flatMap((truth) => {
    const receipt = receipts.get(truth.requestId)
    return receipt === undefined ? [] : [{ truth, receipt }]
  })
  const published = judged.map(({ receipt }) => receipt.bodyHash)
  const found = dictionaryHits(published, prompts, hash)
  const byLength = new Map<number, string[]>()
  for (const prompt of prompts) byLength.set(lengthOf(prompt), [...(byLength.get(lengthOf(prompt)) ?? []), prompt])
  const answered = judged.map(({ receipt }) => {
    const guesses = byLength.get(receipt.promptTokens) ?? []
    return dictionaryHits([receipt.outputHash], guesses, (guess) => answerHash(guess, receipt))[0] !== undefined
  })
  const payers = judged.map(({ truth, receipt }) => receipt.payer === peerIdOf(truth.client))
  return [
    {
      ...{ observer: 'settlement', fact: 'prompt', attack: 'dictionary', blind: 0, samples: judged.length },
      success: shareOf(found.map((prompt) => prompt !== undefined)),
    },
    {
      ...{ observer: 'settlement', fact: 'answer', attack: 'answer dictionary', blind: 0, samples: judged.length },
      success: shareOf(answered),
    },
    {
      ...{ observer: 'settlement', fact: 'sender', attack: 'payer', samples: judged.length },
      success: shareOf(payers),
      blind: blindGuess(truths.map(({ client }) => client)),
    },
    open('settlement', 'model', judged.length),
    open('settlement', 'answer length', judged.length),
    open('settlement', 'gateway', judged.length),
  ]
}

/** Of each request that a relay sent on, the receipt of that gateway which starts next: with it the relay has the model, lengths and hash. */
export function relayWithSettlement(
  sightings: ReadonlyMap<string, RelaySighting>,
  truths: ReadonlyMap<string, Truth>,
  receipts: ReadonlyMap<string, ReceiptSighting>,
): Leak {
  const all = [...receipts.values()].sort((left, right) => left.startedAt - right.startedAt)
  const byGateway = partitionBy(all, ({ gateway }) => gateway)
  const hits = [...sightings].flatMap(([sealed, { gateway, forwardedAt }]) => {
    const truth = truths.get(sealed)
    if (truth === undefined || forwardedAt === undefined) return []
    const own = byGateway.get(gateway) ?? []
    return [own[firstAtLeast(own, forwardedAt, ({ startedAt }) => startedAt)]?.requestId === truth.requestId]
  })
  const blind = receipts.size === 0 ? 0 : 1 / receipts.size
  return { observer: 'relay+settlement', fact: 'request', attack: 'start time', success: shareOf(hits), blind, samples: hits.length }
}

/** Who asked, for an issuer that sees a gateway's requests: the one who bought most by then. */
export function gatewayWithIssuer(
  sales: readonly SaleSighting[],
  openings: ReadonlyMap<string, { readonly at: number }>,
  truths: ReadonlyMap<string, Truth>,
  peerIdOf: (name: string) => string,
): Leak {
  const hits: boolean[] = []
  const bits: number[] = []
  const bought = new Purchases(sales)
  for (const [sealed, { at }] of [...openings].sort(([, left], [, right]) => left.at - right.at)) {
    const truth = truths.get(sealed)
    if (truth === undefined) continue
    bought.until(at)
    hits.push(bought.most() === peerIdOf(truth.client))
    bits.push(bought.bits())
  }
  const blind = blindGuess([...truths.values()].map(({ client }) => client))
  return {
    observer: 'gateway+issuer',
    fact: 'sender',
    attack: 'purchases',
    success: shareOf(hits),
    blind,
    samples: hits.length,
    ...bitsOf(bits),
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
