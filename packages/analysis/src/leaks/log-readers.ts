import { dictionaryHits } from '../attacks/dictionary.ts'
import { entropyBits } from '../attacks/metrics.ts'
import { partitionBy } from '../attacks/partition.ts'
import type { ReceiptSighting } from '../observers/settlement.ts'
import type { RelaySighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { bitsOf, blindGuess, type Leak, open, shareOf } from './leak.ts'
import { firstAtLeast, thinned } from './ordered.ts'

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
  // For each guess an answer is made anew: some thousand requests tell as much as all.
  const answered = thinned(judged, ANSWERS_MAX).map(({ receipt }) => {
    const guesses = byLength.get(receipt.promptTokens) ?? []
    return dictionaryHits([receipt.outputHash], guesses, (guess) => answerHash(guess, receipt))[0] !== undefined
  })
  const payers = judged.map(({ truth, receipt }) => receipt.payer === peerIdOf(truth.client))
  // Who is not found is at least one of those that could be.
  const left = (hits: readonly boolean[], unknown: number) => ({
    success: shareOf(hits),
    ...bitsOf(hits.map((isHit) => (isHit ? 0 : unknown))),
  })
  const listed = Math.log2(Math.max(1, prompts.length))
  const counts = new Map<string, number>()
  for (const { client } of truths) counts.set(client, (counts.get(client) ?? 0) + 1)
  return [
    {
      ...{ observer: 'settlement', fact: 'prompt', attack: 'dictionary', blind: 0, samples: judged.length },
      ...left(
        found.map((prompt) => prompt !== undefined),
        listed,
      ),
    },
    {
      ...{ observer: 'settlement', fact: 'answer', attack: 'answer dictionary', blind: 0, samples: answered.length },
      ...left(answered, listed),
    },
    {
      ...{ observer: 'settlement', fact: 'sender', attack: 'payer', samples: judged.length },
      ...left(payers, entropyBits([...counts.values()])),
      blind: blindGuess(truths.map(({ client }) => client)),
    },
    open('settlement', 'model', judged.length),
    open('settlement', 'prompt length', judged.length),
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
  const judged = [...sightings].flatMap(([sealed, { gateway, forwardedAt }]) => {
    const truth = truths.get(sealed)
    if (truth === undefined || forwardedAt === undefined) return []
    const own = byGateway.get(gateway) ?? []
    const first = firstAtLeast(own, forwardedAt, ({ startedAt }) => startedAt)
    const soon = firstAtLeast(own, forwardedAt + SOON, ({ startedAt }) => startedAt)
    return [{ isHit: own[first]?.requestId === truth.requestId, bits: Math.log2(Math.max(1, soon - first)) }]
  })
  return {
    ...{ observer: 'relay+settlement', fact: 'request', attack: 'start time', samples: judged.length },
    success: shareOf(judged.map(({ isHit }) => isHit)),
    blind: receipts.size === 0 ? 0 : 1 / receipts.size,
    ...bitsOf(judged.map(({ bits }) => bits)),
  }
}

/** A gateway begins within this time, in ms: what starts later is no candidate. */
const SOON = 1_000
/** Requests whose answers are guessed at. */
const ANSWERS_MAX = 4_000
