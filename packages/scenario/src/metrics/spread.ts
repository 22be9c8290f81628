import { build, type Histogram } from 'hdr-histogram-js'

/** Percentiles of a stream of non-negative numbers, three significant digits, in bounded memory. */
export class Spread {
  // Hundredths are kept, so that a pace of 12.34 ms a token is not rounded to 12.
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 1e11,
    numberOfSignificantValueDigits: 3,
    autoResize: true,
  })
  #largest = 0
  #hundredths = 0

  add(value: number): void {
    const hundredths = Math.max(0, Math.round(value * 100))
    this.#histogram.recordValue(hundredths)
    this.#hundredths += hundredths
    this.#largest = Math.max(this.#largest, value)
  }

  count(): number {
    return this.#histogram.totalCount
  }

  /** Flat metrics `name.p50` and so on; none when nothing was added. */
  report(name: string): Record<string, number> {
    if (this.count() === 0) return {}
    const at = (percentile: number): number => Math.min(this.#largest, this.#histogram.getValueAtPercentile(percentile) / 100)
    return {
      [`${name}.mean`]: Math.round(this.#hundredths / this.count()) / 100,
      [`${name}.p50`]: at(50),
      [`${name}.p95`]: at(95),
      [`${name}.p99`]: at(99),
      [`${name}.max`]: this.#largest,
    }
  }
}
