/** An example whose answer the attacker knows: from traffic of its own making. */
export interface Example<Answer> {
  readonly features: readonly number[]
  readonly answer: Answer
}

/** Labels of the `count` nearest examples, and of those that are just as near as the last; features scaled to equal spread. */
export function neighbours<Answer>(known: readonly Example<Answer>[], count: number): (features: readonly number[]) => readonly Answer[] {
  const scales = scalesOf(known)
  return (features) => {
    const distance = (other: readonly number[]): number =>
      other.reduce((sum, value, index) => sum + Math.abs(value - (features[index] ?? 0)) / (scales[index] ?? 1), 0)
    const sorted = known
      .map((example) => ({ answer: example.answer, far: distance(example.features) }))
      .sort((left, right) => left.far - right.far)
    // Where all look alike, all speak: what is left is the guess of one who sees nothing.
    const reach = sorted[Math.min(count, sorted.length) - 1]?.far ?? 0
    return sorted.filter(({ far }) => far <= reach).map(({ answer }) => answer)
  }
}

/** Mean absolute deviation of each feature; 1 for one that never varies, which then adds nothing. */
function scalesOf(known: readonly Example<unknown>[]): readonly number[] {
  const width = known[0]?.features.length ?? 0
  return Array.from({ length: width }, (_, index) => {
    const values = known.map(({ features }) => features[index] ?? 0)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return values.reduce((sum, value) => sum + Math.abs(value - mean), 0) / values.length || 1
  })
}
