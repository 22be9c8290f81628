import { areaUnderCurve, entropyBits } from '../attacks/metrics.ts'
import { type Example, neighbours } from '../attacks/nearest-neighbours.ts'
import type { RelaySighting } from '../observers/sightings.ts'
import type { Truth } from '../observers/truth.ts'
import { estimatorOf, halves, isNear, median, NEIGHBOURS } from './estimator.ts'
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
  const [known, judged] = halves(samples, ({ truth }) => truth.client).map((half) => thinned(half, SAMPLES_MAX))
  if (known === undefined || judged === undefined || known.length === 0 || judged.length === 0) return []
  const models = MODEL_ATTACKS.map(({ observer, attack, seen }) => modelLeak({ observer, attack }, { known, judged, seen }))
  const lengths = [promptLengthLeak(known, judged), answerLengthLeak(known, judged)]
  // A watcher of links sees the same sizes.
  return [...models, ...lengths, spendLeak(known, judged), ...lengths.map((leak) => ({ ...leak, observer: 'links' }))]
}

interface Judged {
  readonly known: readonly Sample[]
  readonly judged: readonly Sample[]
  readonly seen: (sighting: RelaySighting) => readonly number[]
}

function modelLeak(name: Pick<Leak, 'observer' | 'attack'>, { known, judged, seen }: Judged): Leak {
  const near = neighbours(
    known.map(({ sighting, truth }): Example<string> => ({ features: seen(sighting), answer: truth.model })),
    NEIGHBOURS,
  )
  const votes = judged.map(({ sighting }) => near(seen(sighting)))
  const guesses = votes.map(mostFrequent)
  const asked = mostFrequent(judged.map(({ truth }) => truth.model))
  const score = (answers: readonly string[]): number => shareOf(answers.map((answer) => answer === asked))
  const scored = judged.map(({ truth }, index) => ({ isAsked: truth.model === asked, score: score(votes[index] ?? []) }))
  const [yes, no] = [true, false].map((wanted) => scored.filter(({ isAsked }) => isAsked === wanted).map((entry) => entry.score))
  return {
    ...{ ...name, fact: 'model', samples: judged.length },
    success: shareOf(judged.map(({ truth }, index) => truth.model === guesses[index])),
    blind: blindGuess(judged.map(({ truth }) => truth.model)),
    ...bitsOf(votes.map((answers) => entropyBits([...countsOf(answers).values()]))),
    ...(yes !== undefined && no !== undefined && yes.length > 0 && no.length > 0 ? { auc: areaUnderCurve(yes, no) } : {}),
  }
}

const promptLengthLeak = (known: readonly Sample[], judged: readonly Sample[]): Leak =>
  lengthLeak('prompt length', { known, judged, seen: ({ bytes }) => [bytes], truth: ({ promptTokens }) => promptTokens })

const answerLengthLeak = (known: readonly Sample[], judged: readonly Sample[]): Leak =>
  lengthLeak('answer length', { known, judged, seen: ({ answer }) => [bytesOf(answer), answer.length], truth: ({ tokens }) => tokens })

function spendLeak(known: readonly Sample[], judged: readonly Sample[]): Leak {
  if (judged.every(({ sighting, truth }) => sighting.cost === truth.charged)) return open('relay', 'spend', judged.length)
  return lengthLeak('spend', {
    known,
    judged,
    seen: (sighting) => [...sizesOf(sighting), ...pricesOf(sighting)],
    truth: ({ charged }) => charged,
  })
}

interface LengthQuestion extends Judged {
  readonly truth: (truth: Truth) => number
}

/** What looks alike is a crowd: its size is what is left unknown. */
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

/** Bytes in, bytes and packets out, how long the answer took to begin and to end, and the price where it is told. */
const featuresOf = (sighting: RelaySighting): readonly number[] => [...sizesOf(sighting), ...timesOf(sighting), ...pricesOf(sighting)]

const sizesOf = ({ bytes, answer }: RelaySighting): readonly number[] => [bytes, bytesOf(answer), answer.length]

function timesOf({ answer, forwardedAt, receivedAt }: RelaySighting): readonly number[] {
  const sentAt = forwardedAt ?? receivedAt
  const [first, last] = [answer[0]?.at ?? sentAt, answer.at(-1)?.at ?? sentAt]
  return [first - sentAt, last - first]
}

const pricesOf = ({ bytes, answer, cost }: RelaySighting): readonly number[] =>
  cost === undefined ? [0, 0] : [cost, cost / Math.max(1, bytes + bytesOf(answer))]

const bytesOf = (packets: readonly { readonly bytes: number }[]): number => packets.reduce((sum, { bytes }) => sum + bytes, 0)

const mostFrequent = (values: readonly string[]): string =>
  [...countsOf(values)].reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['', 0] as [string, number])[0]

function countsOf(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

/** All that a relay has; to tell which of it speaks, its parts alone; and what shows on its links, which is all but the price. */
const MODEL_ATTACKS = [
  { observer: 'relay', attack: 'traffic-class', seen: featuresOf },
  { observer: 'relay', attack: 'sizes alone', seen: sizesOf },
  { observer: 'relay', attack: 'times alone', seen: timesOf },
  { observer: 'links', attack: 'traffic-class', seen: (sighting: RelaySighting) => [...sizesOf(sighting), ...timesOf(sighting)] },
] as const

/** On either side: each judged one is compared with each known one. */
const SAMPLES_MAX = 1_000
