import { type Example, neighbours } from '../attacks/nearest-neighbours.ts'
import { shareOf } from './leak.ts'

/** What an observer makes of numbers that it has learned the meaning of: the guess for what it sees. */
export type Estimator = (features: readonly number[]) => number

/** A line through the first feature where what is known lies on one, as for sizes without padding; what the nearest ones say elsewhere. */
export function estimatorOf(examples: readonly Example<number>[]): Estimator {
  const line = lineThrough(examples)
  if (line !== undefined && shareOf(examples.map(({ features, answer }) => isNear(line(features), answer))) > 0.9) return line
  const near = neighbours(examples, NEIGHBOURS)
  return (features) => median(near(features))
}

/** A guess counts that is off by at most 5 %. */
export const isNear = (guess: number, truth: number): boolean => Math.abs(guess - truth) <= 0.05 * truth

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Every other one, by name: the observer's own, whose truth it knows, and those that it is judged by. */
export function halves<Value>(values: readonly Value[], nameOf: (value: Value) => string): readonly [Value[], Value[]] {
  const names = [...new Set(values.map(nameOf))].sort()
  const own = new Set(names.filter((_, index) => index % 2 === 0))
  return [values.filter((value) => own.has(nameOf(value))), values.filter((value) => !own.has(nameOf(value)))]
}

/** Least squares; `undefined` where the feature never varies. */
function lineThrough(examples: readonly Example<number>[]): Estimator | undefined {
  const sizes = examples.map(({ features }) => features[0] ?? 0)
  const [size, answer] = [mean(sizes), mean(examples.map((example) => example.answer))]
  const spread = sizes.reduce((sum, value) => sum + (value - size) * (value - size), 0)
  if (spread === 0) return undefined
  const slope = examples.reduce((sum, example, index) => sum + ((sizes[index] ?? 0) - size) * (example.answer - answer), 0) / spread
  return ([value = 0]) => answer + slope * (value - size)
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/** How many known ones are asked. */
export const NEIGHBOURS = 7
