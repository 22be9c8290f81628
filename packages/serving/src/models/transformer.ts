import type { WriterWeights } from './clause-writer.ts'

/** A matrix, row by row. */
interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

/** What a pass forward leaves for the pass back. */
export interface Pass {
  readonly ids: readonly number[]
  readonly input: Matrix
  readonly query: Matrix
  readonly key: Matrix
  readonly value: Matrix
  readonly shares: Matrix
  readonly mixed: Matrix
  readonly middle: Matrix
  readonly raised: Matrix
  readonly output: Matrix
  readonly scores: Matrix
}

const matrix = (rows: number, columns: number): Matrix => ({ rows, columns, data: new Float64Array(rows * columns) })
const weight = (data: Float64Array, rows: number): Matrix => ({ rows, columns: data.length / rows, data })

/** One layer, one head, no normalisation: attention to earlier letters, a hidden layer, both added to what came in. */
export function forward(weights: WriterWeights, ids: readonly number[], at: number): Pass {
  const width = weights.query.length / Math.sqrt(weights.query.length)
  const input = matrix(ids.length, width)
  ids.forEach((id, row) => {
    for (let column = 0; column < width; column++)
      input.data[row * width + column] =
        (weights.embed[id * width + column] as number) + (weights.place[(at + row) * width + column] as number)
  })
  const [query, key, value] = (['query', 'key', 'value'] as const).map((name) => times(input, weight(weights[name], width))) as [
    Matrix,
    Matrix,
    Matrix,
  ]
  const shares = causalShares(times(query, flipped(key)), 1 / Math.sqrt(width))
  const mixed = times(shares, value)
  const middle = plus(input, times(mixed, weight(weights.mix, width)))
  const raised = times(middle, weight(weights.up, width))
  const output = plus(middle, times(positive(raised), weight(weights.down, raised.columns)))
  return { ids, input, query, key, value, shares, mixed, middle, raised, output, scores: times(output, weight(weights.head, width)) }
}

/** Adds the loss's slopes to `gradient` and returns the mean loss, in nats a letter. */
export function backward(
  weights: WriterWeights,
  gradient: WriterWeights,
  { state, targets, at }: { readonly state: Pass; readonly targets: readonly number[]; readonly at: number },
): number {
  const width = state.input.columns
  const { loss, slope } = crossEntropy(state.scores, targets)
  const take = (name: keyof WriterWeights, from: Matrix, by: Matrix): void => add(gradient[name], times(flipped(from), by).data)
  take('head', state.output, slope)
  const onOutput = times(slope, flipped(weight(weights.head, width)))
  take('down', positive(state.raised), onOutput)
  const onRaised = gated(times(onOutput, flipped(weight(weights.down, state.raised.columns))), state.raised)
  take('up', state.middle, onRaised)
  const onMiddle = plus(onOutput, times(onRaised, flipped(weight(weights.up, width))))
  take('mix', state.mixed, onMiddle)
  const onMixed = times(onMiddle, flipped(weight(weights.mix, width)))
  const onValue = times(flipped(state.shares), onMixed)
  const onAttention = softmaxSlope(times(onMixed, flipped(state.value)), state.shares, 1 / Math.sqrt(width))
  const onQuery = times(onAttention, state.key)
  const onKey = times(flipped(onAttention), state.query)
  take('value', state.input, onValue)
  take('query', state.input, onQuery)
  take('key', state.input, onKey)
  const parts = (
    [
      ['query', onQuery],
      ['key', onKey],
      ['value', onValue],
    ] as const
  ).map(([name, by]) => times(by, flipped(weight(weights[name], width))))
  const onInput = parts.reduce(plus, onMiddle)
  state.ids.forEach((id, row) => {
    for (let column = 0; column < width; column++) {
      const each = onInput.data[row * width + column] as number
      gradient.embed[id * width + column] = (gradient.embed[id * width + column] as number) + each
      gradient.place[(at + row) * width + column] = (gradient.place[(at + row) * width + column] as number) + each
    }
  })
  return loss
}

function crossEntropy(scores: Matrix, targets: readonly number[]): { readonly loss: number; readonly slope: Matrix } {
  const slope = matrix(scores.rows, scores.columns)
  let loss = 0
  for (let row = 0; row < scores.rows; row++) {
    const shares = softmax(scores.data.subarray(row * scores.columns, (row + 1) * scores.columns))
    const right = targets[row] as number
    loss -= Math.log(Math.max(1e-12, shares[right] as number)) / scores.rows
    shares.forEach((share, column) => {
      slope.data[row * scores.columns + column] = (share - (column === right ? 1 : 0)) / scores.rows
    })
  }
  return { loss, slope }
}

function causalShares(scores: Matrix, scale: number): Matrix {
  const shares = matrix(scores.rows, scores.columns)
  for (let row = 0; row < scores.rows; row++) {
    const seen = scores.data.slice(row * scores.columns, row * scores.columns + row + 1).map((score) => score * scale)
    shares.data.set(softmax(seen), row * scores.columns)
  }
  return shares
}

function softmaxSlope(slope: Matrix, shares: Matrix, scale: number): Matrix {
  const result = matrix(slope.rows, slope.columns)
  for (let row = 0; row < slope.rows; row++) {
    const at = row * slope.columns
    let mean = 0
    for (let column = 0; column < slope.columns; column++)
      mean += (slope.data[at + column] as number) * (shares.data[at + column] as number)
    for (let column = 0; column < slope.columns; column++)
      result.data[at + column] = (shares.data[at + column] as number) * ((slope.data[at + column] as number) - mean) * scale
  }
  return result
}

function softmax(scores: Float64Array): Float64Array {
  const highest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY)
  const weights = scores.map((score) => Math.exp(score - highest))
  const total = weights.reduce((sum, each) => sum + each, 0)
  return weights.map((each) => each / total)
}

function times(left: Matrix, right: Matrix): Matrix {
  const result = matrix(left.rows, right.columns)
  for (let row = 0; row < left.rows; row++)
    for (let inner = 0; inner < left.columns; inner++) {
      const factor = left.data[row * left.columns + inner] as number
      if (factor !== 0)
        addRow(result.data.subarray(row * right.columns, (row + 1) * right.columns), factor, right.data, inner * right.columns)
    }
  return result
}

function addRow(into: Float64Array, factor: number, from: Float64Array, at: number): void {
  for (let column = 0; column < into.length; column++) into[column] = (into[column] as number) + factor * (from[at + column] as number)
}

function flipped({ rows, columns, data }: Matrix): Matrix {
  const result = matrix(columns, rows)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result.data[column * rows + row] = data[row * columns + column] as number
  return result
}

const plus = (left: Matrix, right: Matrix): Matrix => ({
  ...left,
  data: left.data.map((each, index) => each + (right.data[index] as number)),
})
const positive = (from: Matrix): Matrix => ({ ...from, data: from.data.map((each) => Math.max(0, each)) })
const gated = (slope: Matrix, by: Matrix): Matrix => ({
  ...slope,
  data: slope.data.map((each, index) => ((by.data[index] as number) > 0 ? each : 0)),
})

function add(into: Float64Array, what: Float64Array): void {
  for (let index = 0; index < into.length; index++) into[index] = (into[index] as number) + (what[index] as number)
}
