import type { Random } from '@infermesh/kernel'
import { areaUnderCurve } from '../attacks/metrics.ts'
import { type Law, near, within } from '../laws/law.ts'
import { exponential, normalBelow, poisson } from './draws.ts'

export interface CoverCase {
  /** Cover messages, real messages and observation, in one unit of time. */
  readonly cover: number
  readonly real: number
  readonly time: number
}

/** Who is active, by counting messages, against cover that comes on top of the real ones. */
export const additiveCover = ({ cover, real, time }: CoverCase, drawn: typeof poisson = poisson): Law => ({
  name: `privacy.additive-cover.${cover}-${real}-${time}`,
  source: 'additive Poisson cover: AUC = Φ(a·√(T/(2c+a)))',
  run: (random) => {
    const counts = (rate: number) => Array.from({ length: 20_000 }, () => drawn(random, rate * time))
    const expected = normalBelow(real * Math.sqrt(time / (2 * cover + real)))
    return within(expected, areaUnderCurve(counts(cover + real), counts(cover)), [expected - 0.01, expected + 0.01])
  },
})

export interface SubstitutingCase {
  /** Turns to send, and real messages, in one unit of time. */
  readonly turns: number
  readonly real: number
}

/** What it costs to send only when a turn has come: the queue in which real messages wait for one. */
export const substitutingWait = ({ turns, real }: SubstitutingCase, served: (turns: number) => number = same): Law => ({
  name: `privacy.substituting-cover.${turns}-${real}.wait`,
  source: 'real messages in place of Poisson cover wait 1/(λ_turn − λ_real), an M/M/1 queue',
  run: (random) => {
    const [asking, turning] = [random.fork('asked'), random.fork('turns')]
    let [asked, turn, waited] = [0, 0, 0]
    for (let message = 0; message < MESSAGES; message++) {
      asked += exponential(asking, real)
      // Turns come whether or not anyone waits: the next one after both the question and the turn before it.
      turn = Math.max(turn, asked) + exponential(turning, served(turns))
      waited += turn - asked
    }
    return near(1 / (turns - real), waited / MESSAGES, 0.05)
  },
})

const same = (turns: number): number => turns
const MESSAGES = 100_000

/** What is done to the sizes of streamed pieces. `batch` pieces go together; each event then gets up to `pad` random bytes. */
export interface Treatment {
  readonly name: string
  readonly batch: number
  readonly pad: number
  /** Every event is filled up to this many bytes. */
  readonly fixed: number
}

/** Which of two topics an answer is on, from the lengths of its pieces, by the likelihood ratio. */
export const tokenLengths = (treatment: Treatment, actual: Treatment = treatment): Law => ({
  name: `privacy.token-lengths.${treatment.name}`,
  source: 'n events of symmetric divergence J nats: AUC = Φ(√(n·J/2))',
  run: (random) => {
    const [left, right] = [eventLengths(TOPIC_A, treatment), eventLengths(TOPIC_B, treatment)]
    const ratios = left.map((share, length) => (share > 0 ? Math.log(share / (right[length] ?? 0)) : 0))
    const divergence = ratios.reduce((sum, ratio, length) => sum + ((left[length] ?? 0) - (right[length] ?? 0)) * ratio, 0)
    const events = TOKENS / treatment.batch
    const score = (topic: readonly number[]) => {
      const total = () => Array.from({ length: events }, () => ratios[draw(random, topic)] ?? 0).reduce((sum, ratio) => sum + ratio, 0)
      return Array.from({ length: 5000 }, total)
    }
    const expected = normalBelow(Math.sqrt((events * divergence) / 2))
    const measured = areaUnderCurve(score(cumulative(eventLengths(TOPIC_A, actual))), score(cumulative(eventLengths(TOPIC_B, actual))))
    return within(expected, measured, [expected - 0.012, expected + 0.012])
  },
})

/** Chances of each length of one event on the wire. */
function eventLengths(topic: readonly number[], treatment: Treatment): readonly number[] {
  let lengths: readonly number[] = [1]
  for (let piece = 0; piece < treatment.batch; piece++) lengths = convolve(lengths, topic)
  const padding = Array.from({ length: treatment.pad + 1 }, () => 1 / (treatment.pad + 1))
  const padded = convolve(lengths, padding)
  if (treatment.fixed === 0) return padded
  const filled = new Array<number>(Math.max(padded.length, treatment.fixed + 1)).fill(0)
  padded.forEach((share, length) => {
    const size = Math.max(length, treatment.fixed)
    filled[size] = (filled[size] ?? 0) + share
  })
  return filled
}

function convolve(left: readonly number[], right: readonly number[]): readonly number[] {
  const sum = new Array<number>(left.length + right.length - 1).fill(0)
  left.forEach((share, length) => {
    right.forEach((other, more) => {
      sum[length + more] = (sum[length + more] ?? 0) + share * other
    })
  })
  return sum
}

const cumulative = (shares: readonly number[]): readonly number[] => {
  let total = 0
  return shares.map((share) => {
    total += share
    return total
  })
}

/** A length by its cumulative chances. */
function draw(random: Random, sums: readonly number[]): number {
  const point = random.next() * (sums.at(-1) ?? 1)
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] ?? 0) > point) high = middle
    else low = middle + 1
  }
  return low
}

/** Token lengths from 1 to 16 bytes, falling by `fall` a byte. Two topics differ by a small tilt. */
function topicOf(fall: number): readonly number[] {
  const weights = Array.from({ length: 17 }, (_, length) => (length === 0 ? 0 : Math.exp(-fall * length)))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

const TOPIC_A = topicOf(0.22)
const TOPIC_B = topicOf(0.255)
const TOKENS = 200

export const coverLaws: readonly Law[] = [
  additiveCover({ cover: 1, real: 0.1, time: 400 }),
  additiveCover({ cover: 10, real: 0.1, time: 400 }),
  additiveCover({ cover: 10, real: 1, time: 100 }),
  substitutingWait({ turns: 0.5, real: 0.2 }),
  substitutingWait({ turns: 1, real: 0.25 }),
  tokenLengths({ name: 'none', batch: 1, pad: 0, fixed: 0 }),
  tokenLengths({ name: 'pad-16', batch: 1, pad: 16, fixed: 0 }),
  tokenLengths({ name: 'pad-64', batch: 1, pad: 64, fixed: 0 }),
  tokenLengths({ name: 'fixed-16', batch: 1, pad: 0, fixed: 16 }),
  tokenLengths({ name: 'batch-5', batch: 5, pad: 0, fixed: 0 }),
  tokenLengths({ name: 'batch-20', batch: 20, pad: 0, fixed: 0 }),
  tokenLengths({ name: 'batch-5-fixed-80', batch: 5, pad: 0, fixed: 80 }),
]
