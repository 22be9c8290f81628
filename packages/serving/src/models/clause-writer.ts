import { type Random, randomFrom } from '@infermesh/kernel'
import { normal } from '../trace/generated-trace.ts'
import { drawClause } from './clause-text.ts'
import { backward, forward } from './transformer.ts'

/** Letters that the writer knows; every other one is read as a space. */
export const letters = ' abcdefghijklmnopqrstuvwxyz.'

export const writerShape = { letters: letters.length, width: 32, hidden: 64, context: 256 } as const

/** Every weight matrix of a one-layer, one-head transformer, row by row. */
export type WriterWeights = Readonly<Record<'embed' | 'place' | 'query' | 'key' | 'value' | 'mix' | 'up' | 'down' | 'head', Float64Array>>

const sizes: Readonly<Record<keyof WriterWeights, readonly [number, number]>> = {
  embed: [writerShape.letters, writerShape.width],
  place: [writerShape.context, writerShape.width],
  query: [writerShape.width, writerShape.width],
  key: [writerShape.width, writerShape.width],
  value: [writerShape.width, writerShape.width],
  mix: [writerShape.width, writerShape.width],
  up: [writerShape.width, writerShape.hidden],
  down: [writerShape.hidden, writerShape.width],
  head: [writerShape.width, writerShape.letters],
}
export const weightNames = Object.keys(sizes) as (keyof WriterWeights)[]
export const sizeOf = (name: keyof WriterWeights): readonly [number, number] => sizes[name]

export const letterIds = (text: string): number[] => Array.from(text.toLowerCase(), (letter) => Math.max(0, letters.indexOf(letter)))

/** Trains on drawn clauses with Adam. Equal seeds give equal weights. Returns the mean loss of the last steps too, in nats a letter. */
export function trainClauseWriter(seed = 1, steps = 1_200): { readonly weights: WriterWeights; readonly loss: number } {
  const random = randomFrom(seed).fork('clause writer')
  const weights = startOf(random)
  const memory = { mean: emptyLike(), square: emptyLike() }
  let loss = 0
  for (let step = 1; step <= steps; step++) {
    const window = letterIds(passage(random))
    const at = random.below(writerShape.context - WINDOW)
    const gradient = emptyLike()
    const state = forward(weights, window.slice(0, -1), at)
    const lost = backward(weights, gradient, { state, targets: window.slice(1), at })
    loss = loss === 0 ? lost : 0.98 * loss + 0.02 * lost
    adam(weights, gradient, memory, step)
  }
  return { weights, loss }
}

/** Places are drawn too, so that every place of the context is learnt. */
function passage(random: Random): string {
  let text = ''
  while (text.length < WINDOW + 1) text += `${drawClause(random).text} `
  const from = random.below(text.length - WINDOW)
  return text.slice(from, from + WINDOW + 1)
}

const emptyLike = (): WriterWeights =>
  Object.fromEntries(weightNames.map((name) => [name, new Float64Array(sizes[name][0] * sizes[name][1])])) as unknown as WriterWeights

function startOf(random: Random): WriterWeights {
  const weights = emptyLike()
  for (const name of weightNames) {
    const spread = name === 'place' ? 0.02 : 1 / Math.sqrt(sizes[name][0])
    const stream = random.fork(name)
    for (let index = 0; index < weights[name].length; index++) weights[name][index] = normal(stream) * spread
  }
  return weights
}

function adam(weights: WriterWeights, gradient: WriterWeights, memory: { mean: WriterWeights; square: WriterWeights }, step: number): void {
  const rate = (0.01 * Math.sqrt(1 - Math.exp(step * Math.log(0.99)))) / (1 - Math.exp(step * Math.log(0.9)))
  for (const name of weightNames) {
    const [mean, square, slope, weight] = [memory.mean[name], memory.square[name], gradient[name], weights[name]]
    for (let index = 0; index < weight.length; index++) {
      const each = slope[index] as number
      mean[index] = 0.9 * (mean[index] as number) + 0.1 * each
      square[index] = 0.99 * (square[index] as number) + 0.01 * each * each
      weight[index] = (weight[index] as number) - (rate * (mean[index] as number)) / (Math.sqrt(square[index] as number) + 1e-8)
    }
  }
}

const WINDOW = 48
