import type { Random } from '@infermesh/kernel'
import { areaUnderCurve } from '../attacks/metrics.ts'
import { type Example, neighbours } from '../attacks/nearest-neighbours.ts'
import { type Law, within } from '../laws/law.ts'
import { shareOf } from '../leaks/leak.ts'
import { exponential, normal } from './draws.ts'

/** A packet of a streamed answer. */
interface Piece {
  readonly at: number
  readonly bytes: number
}

type Stream = readonly Piece[]
type Countermeasure = (stream: Stream, random: Random) => Stream

/** Answers on the topic that is looked for are longer, with more stops and longer words. The corpus is made up: only order and sign count. */
function answerOn(isTopic: boolean, random: Random): Stream {
  const count = Math.max(20, Math.round((isTopic ? 270 : 180) * Math.exp(0.28 * normal(random))))
  const [stops, fall] = isTopic ? [0.23, 0.19] : [0.19, 0.2]
  let at = 0
  return Array.from({ length: count }, () => {
    at += exponential(random, 1 / 20)
    const isStop = random.next() < stops
    return { at, bytes: FRAME + 1 + (isStop ? 0 : Math.min(15, Math.floor(exponential(random, fall)))) }
  })
}

export const asItIs: Countermeasure = (stream) => stream

const padded: Countermeasure = (stream, random) => stream.map(({ at, bytes }) => ({ at, bytes: bytes + random.below(65) }))

const batched: Countermeasure = (stream) => {
  const pieces: Piece[] = []
  for (let from = 0; from < stream.length; from += 5) {
    const group = stream.slice(from, from + 5)
    pieces.push({ at: group.at(-1)?.at ?? 0, bytes: FRAME + group.reduce((sum, { bytes }) => sum + bytes - FRAME, 0) })
  }
  return pieces
}

/** As many made-up packets as there are real ones, and now and then twice as many. */
const injected: Countermeasure = (stream, random) => {
  const end = stream.at(-1)?.at ?? 0
  const extra = Math.round(stream.length * (1 + random.next()))
  const made = Array.from({ length: extra }, () => ({ at: end * 1.2 * random.next(), bytes: FRAME + 1 + random.below(16) }))
  return [...stream, ...made].sort((left, right) => left.at - right.at)
}

/** Slots of one size at a fixed pace, until a class that holds every answer is full. */
const slotted: Countermeasure = () => Array.from({ length: 1_024 }, (_, slot) => ({ at: slot * 25, bytes: 512 }))

function featuresOf(stream: Stream): readonly number[] {
  const bytes = stream.reduce((sum, piece) => sum + piece.bytes, 0)
  const mean = bytes / stream.length
  const spread = stream.reduce((sum, piece) => sum + Math.abs(piece.bytes - mean), 0) / stream.length
  const stops = stream.filter((piece) => piece.bytes === FRAME + 1).length / stream.length
  return [bytes, stream.length, mean, spread, stops, stream.at(-1)?.at ?? 0]
}

/** How well the nearest known streams tell the topic: area under the ROC curve. Examples and judged ones are separate. */
function topicAuc(random: Random, countermeasure: Countermeasure): number {
  const made = (isTopic: boolean, name: string) => {
    const draws = random.fork(`${name}-${isTopic}`)
    return Array.from({ length: 600 }, () => featuresOf(countermeasure(answerOn(isTopic, draws), draws)))
  }
  const known = [true, false].flatMap((answer) => made(answer, 'known').map((features): Example<boolean> => ({ features, answer })))
  const near = neighbours(known, 31)
  const votes = (isTopic: boolean) => made(isTopic, 'judged').map((features) => shareOf(near(features)))
  return areaUnderCurve(votes(true), votes(false))
}

/** Each treatment takes a little from the attacker, and only fixed slots take all: the order that Whisper Leak reports. */
export const treatment = (name: string, countermeasure: Countermeasure, expected: number): Law => ({
  name: `privacy.stream-topic.${name}`,
  source: 'loss of the classifier, as Whisper Leak (2025) orders treatments: sign and order only',
  run: (random) => {
    const lost = topicAuc(random, asItIs) - topicAuc(random, countermeasure)
    return within(expected, lost, [0.001, SMALL_LOSS])
  },
})

export const slotsEndIt = (countermeasure: Countermeasure = slotted): Law => ({
  name: 'privacy.stream-topic.slots',
  source: 'slots of one size and pace up to one class: nothing is left to tell by',
  run: (random) => within(0.5, topicAuc(random, countermeasure), [0.47, 0.53]),
})

const bareTopic: Law = {
  name: 'privacy.stream-topic.none',
  source: 'sizes and times of an encrypted stream tell its topic (Whisper Leak 2025)',
  run: (random) => within(0.975, topicAuc(random, asItIs), [0.5 + 2 * SMALL_LOSS, 1]),
}

/** Bytes of a packet around what it says. */
const FRAME = 60
/** Above it, a treatment would have done most of what slots do. */
const SMALL_LOSS = 0.15

export const streamLaws: readonly Law[] = [
  bareTopic,
  treatment('pad-64', padded, 0.046),
  treatment('batch-5', batched, 0.035),
  treatment('inject', injected, 0.048),
  slotsEndIt(),
]
