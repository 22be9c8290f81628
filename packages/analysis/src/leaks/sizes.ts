import { areaUnderCurve } from '../attacks/metrics.ts'
import { type Example, neighbours } from '../attacks/nearest-neighbours.ts'
import type { RelaySighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { bitsOf, blindGuess, type Leak, open, shareOf } from './leak.ts'
import { thinned } from './ordered.ts'

export interface Sample {
  readonly sighting: RelaySighting
  readonly truth: Truth
}

/**
 * What sizes, times and prices tell a relay of what it carries. The attacker learns from clients of its own: the examples and the judged
 * requests have no client in common.
 */
export function sizeLeaks(samples: readonly Sample[]): readonly Leak[] {
  const clients = [...new Set(samples.map(({ truth }) => truth.client))].sort()
  const own = new Set(clients.filter((_, index) => index % 2 === 0))
  const [known, judged] = [true, false].map((isOwn) =>
    thinned(
      samples.filter(({ truth }) => own.has(truth.client) === isOwn),
      SAMPLES_MAX,
    ),
  )
  if (known === undefined || judged === undefined || known.length === 0 || judged.length === 0) return []
  return [modelLeak(known, judged), promptLengthLeak(known, judged), answerLengthLeak(known, judged), spendLeak(known, judged)]
}

function modelLeak(known: readonly Sample[], judged: readonly Sample[]): Leak {
  const near = neighbours(
    known.map(({ sighting, truth }): Example<string> => ({ features: featuresOf(sighting), answer: truth.model })),
    NEIGHBOURS,
  )
  const votes = judged.map(({ sighting }) => near(featuresOf(sighting)))
  const guesses = votes.map(mostFrequent)
  const asked = mostFrequent(judged.map(({ truth }) => truth.model))
  const score = (answers: readonly string[]): number => answers.filter((answer) => answer === asked).length
  const scored = judged.map(({ truth }, index) => ({ isAsked: truth.model === asked, score: score(votes[index] ?? []) }))
  const [yes, no] = [true, false].map((wanted) => scored.filter(({ isAsked }) => isAsked === wanted).map((entry) => entry.score))
  return {
    ...{ observer: 'relay', fact: 'model', attack: 'traffic-class', samples: judged.length },
    success: shareOf(judged.map(({ truth }, index) => truth.model === guesses[index])),
    blind: blindGuess(judged.map(({ truth }) => truth.model)),
    ...(yes !== undefined && no !== undefined && yes.length > 0 && no.length > 0 ? { auc: areaUnderCurve(yes, no) } : {}),
  }
}

const promptLengthLeak = (known: readonly Sample[], judged: readonly Sample[]): Leak =>
  lengthLeak('prompt length', { known, judged, seen: ({ bytes }) => [bytes], truth: ({ promptTokens }) => promptTokens })

const answerLengthLeak = (known: readonly Sample[], judged: readonly Sample[]): Leak =>
  lengthLeak('answer length', { known, judged, seen: ({ answer }) => [bytesOf(answer), answer.length], truth: ({ tokens }) => tokens })

function spendLeak(known: readonly Sample[], judged: readonly Sample[]): Leak {
  if (judged.every(({ sighting, truth }) => sighting.cost === truth.charged)) return open('relay', 'spend', judged.length)
  return lengthLeak('spend', { known, judged, seen: featuresOf, truth: ({ charged }) => charged })
}

interface LengthQuestion {
  readonly known: readonly Sample[]
  readonly judged: readonly Sample[]
  readonly seen: (sighting: RelaySighting) => readonly number[]
  readonly truth: (truth: Truth) => number
}

/** A guess counts that is off by at most 5 %. What looks alike is a crowd: its size is what is left unknown. */
function lengthLeak(fact: string, { known, judged, seen, truth }: LengthQuestion): Leak {
  const examples = known.map((sample): Example<number> => ({ features: seen(sample.sighting), answer: truth(sample.truth) }))
  const guessed = estimatorOf(examples)
  const hits = (guess: (sample: Sample) => number): number => shareOf(judged.map((sample) => isNear(guess(sample), truth(sample.truth))))
  const typical = median(known.map((sample) => truth(sample.truth)))
  const crowds = new Map<string, number>()
  const labelOf = ({ sighting }: Sample): string => seen(sighting).join(' ')
  for (const sample of judged) crowds.set(labelOf(sample), (crowds.get(labelOf(sample)) ?? 0) + 1)
  return {
    ...{ observer: 'relay', fact, attack: 'size', samples: judged.length },
    success: hits(({ sighting }) => guessed(seen(sighting))),
    blind: hits(() => typical),
    ...bitsOf(judged.map((sample) => Math.log2(crowds.get(labelOf(sample)) ?? 1))),
  }
}

/** A line through the first feature where what is known lies on one, as for sizes without padding; what the nearest ones say elsewhere. */
function estimatorOf(examples: readonly Example<number>[]): (features: readonly number[]) => number {
  const line = lineThrough(examples)
  if (line !== undefined && shareOf(examples.map(({ features, answer }) => isNear(line(features), answer))) > 0.9) return line
  const near = neighbours(examples, NEIGHBOURS)
  return (features) => median(near(features))
}

/** Least squares; `undefined` where the feature never varies. */
function lineThrough(examples: readonly Example<number>[]): ((features: readonly number[]) => number) | undefined {
  const sizes = examples.map(({ features }) => features[0] ?? 0)
  const [size, answer] = [mean(sizes), mean(examples.map((example) => example.answer))]
  const spread = sizes.reduce((sum, value) => sum + (value - size) * (value - size), 0)
  if (spread === 0) return undefined
  const slope = examples.reduce((sum, example, index) => sum + ((sizes[index] ?? 0) - size) * (example.answer - answer), 0) / spread
  return ([value = 0]) => answer + slope * (value - size)
}

const isNear = (guess: number, truth: number): boolean => Math.abs(guess - truth) <= 0.05 * truth
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/** Bytes in, bytes and packets out, how long the answer took to begin and to end, and the price where it is told. */
function featuresOf({ bytes, answer, cost, forwardedAt, receivedAt }: RelaySighting): readonly number[] {
  const sentAt = forwardedAt ?? receivedAt
  const [first, last] = [answer[0]?.at ?? sentAt, answer.at(-1)?.at ?? sentAt]
  const pricePerByte = cost === undefined ? 0 : cost / Math.max(1, bytes + bytesOf(answer))
  return [bytes, bytesOf(answer), answer.length, first - sentAt, last - first, cost ?? 0, pricePerByte]
}

const bytesOf = (packets: readonly { readonly bytes: number }[]): number => packets.reduce((sum, { bytes }) => sum + bytes, 0)

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function mostFrequent(values: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['', 0] as [string, number])[0]
}

const NEIGHBOURS = 7
/** On either side: each judged one is compared with each known one. */
const SAMPLES_MAX = 1_000
