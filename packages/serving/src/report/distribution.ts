/** The value below which a share of the sorted values lies, with a straight line between neighbours. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return 0
  const position = (sorted.length - 1) * share
  const low = sorted[Math.floor(position)] as number
  const high = sorted[Math.ceil(position)] as number
  return low + (position - Math.floor(position)) * (high - low)
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

/** Metrics of one quantity: `<name>.mean`, `.p50`, `.p95`, `.p99`. */
export function distribution(name: string, values: readonly number[]): Record<string, number> {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number): number => percentile(sorted, share)
  return { [`${name}.mean`]: mean(values), [`${name}.p50`]: at(0.5), [`${name}.p95`]: at(0.95), [`${name}.p99`]: at(0.99) }
}
