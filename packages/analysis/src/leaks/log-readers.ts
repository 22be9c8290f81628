import { dictionaryHits } from '../attacks/dictionary.ts'
import { entropyBits } from '../attacks/metrics.ts'
import type { ReceiptSighting } from '../observers/settlement.ts'
import type { RelaySighting, SaleSighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { bitsOf, blindGuess, type Leak, open, shareOf } from './leak.ts'

export interface Dictionary {
  readonly prompts: readonly string[]
  readonly hash: (prompt: string) => string
}

/** What anyone can read out of the log, and out of the log beside what else is known. */
export function settlementLeaks(
  receipts: ReadonlyMap<string, ReceiptSighting>,
  truths: readonly Truth[],
  { prompts, hash, peerIdOf }: Dictionary & { readonly peerIdOf: (name: string) => string },
): readonly Leak[] {
  const judged = truths.flatMap((truth) => {
    const receipt = receipts.get(truth.requestId)
    return receipt === undefined ? [] : [{ truth, receipt }]
  })
  const published = judged.map(({ receipt }) => receipt.bodyHash)
  const found = dictionaryHits(published, prompts, hash)
  const payers = judged.map(({ truth, receipt }) => receipt.payer === peerIdOf(truth.client))
  return [
    {
      ...{ observer: 'settlement', fact: 'prompt', attack: 'dictionary', blind: 0, samples: judged.length },
      success: shareOf(found.map((prompt) => prompt !== undefined)),
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
  const hits = [...sightings].flatMap(([sealed, { gateway, forwardedAt }]) => {
    const truth = truths.get(sealed)
    if (truth === undefined || forwardedAt === undefined) return []
    return [all.find((receipt) => receipt.gateway === gateway && receipt.startedAt >= forwardedAt)?.requestId === truth.requestId]
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
  for (const [sealed, { at }] of openings) {
    const truth = truths.get(sealed)
    if (truth === undefined) continue
    const bought = new Map<string, number>()
    for (const sale of sales) if (sale.at <= at) bought.set(sale.buyer, (bought.get(sale.buyer) ?? 0) + sale.count)
    const best = [...bought].reduce((left, right) => (right[1] > left[1] ? right : left), ['', 0] as [string, number])
    hits.push(best[0] === peerIdOf(truth.client))
    bits.push(entropyBits([...bought.values()]))
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
