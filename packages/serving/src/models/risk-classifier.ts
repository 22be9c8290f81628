import { type Random, randomFrom } from '@infermesh/kernel'
import { drawClause, riskLabels } from './clause-text.ts'

/** Rows of the word table; words meet in a row by chance, which training lives with. */
export const wordRows = 512

/** A bag of words: each has a row of scores, and the mean of the rows decides. */
export interface RiskClassifier {
  /** `wordRows` by labels, row by row. */
  readonly table: Float32Array
  readonly bias: Float32Array
}

/** The rows of a text's words, in order; at least one. */
export function wordIds(text: string): number[] {
  const ids = [...text.toLowerCase().matchAll(/[a-z]+/g)].map(([word]) => rowOf(word))
  return ids.length === 0 ? [0] : ids
}

function rowOf(word: string): number {
  let hash = 0x811c9dc5
  for (const letter of word) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0) % wordRows
}

/** Logistic regression by plain gradient descent. Equal seeds give equal weights. */
export function trainRiskClassifier(seed = 1, steps = 6_000): RiskClassifier {
  const random = randomFrom(seed).fork('risk classifier')
  const labels = riskLabels.length
  const model = { table: new Float32Array(wordRows * labels), bias: new Float32Array(labels) }
  for (let step = 0; step < steps; step++) learn(model, random, 1 - step / steps)
  return model
}

function learn({ table, bias }: RiskClassifier, random: Random, rate: number): void {
  const { text, risk } = drawClause(random)
  const ids = wordIds(text)
  const right = riskLabels.indexOf(risk)
  const shares = softmax(scoresOf({ table, bias }, ids))
  shares.forEach((share, label) => {
    const slope = share - (label === right ? 1 : 0)
    bias[label] = (bias[label] as number) - 0.1 * rate * slope
    for (const id of ids) {
      const at = id * shares.length + label
      table[at] = (table[at] as number) - (2 * rate * slope) / ids.length
    }
  })
}

export function scoresOf({ table, bias }: RiskClassifier, ids: readonly number[]): number[] {
  return Array.from(
    bias,
    (start, label) => start + ids.reduce((sum, id) => sum + (table[id * bias.length + label] as number), 0) / ids.length,
  )
}

function softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - highest))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}
