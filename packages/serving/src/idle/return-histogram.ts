/** Upper edges of the age bins, seconds; the last bin is open. */
const edgesSeconds = [2, 4, 6, 8, 10, 13, 16, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 2400]
/** Below so many pauses the histogram knows nothing and keeps everything. */
const pausesMin = 20

/** Pauses by length, learned as they end: how likely a session is to return now, given that it has not yet. */
export class ReturnHistogram {
  readonly #counts = new Float64Array(edgesSeconds.length + 1)
  #total = 0
  #sumMs = 0

  add(gapMs: number): void {
    const bin = edgesSeconds.findIndex((edge) => gapMs < edge * 1000)
    const index = bin < 0 ? edgesSeconds.length : bin
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#total++
    this.#sumMs += gapMs
  }

  /** Mean pause in ms; Infinity before any was seen. */
  mean(): number {
    return this.#total === 0 ? Number.POSITIVE_INFINITY : this.#sumMs / this.#total
  }

  /** The end of the last bin, in ms, whose hazard for each millisecond is at least this; Infinity while too little is known. */
  lastAgeAbove(hazardPerMs: number): number {
    if (this.#total < pausesMin) return Number.POSITIVE_INFINITY
    let left = this.#total
    let last = 0
    for (let bin = 0; bin < edgesSeconds.length && left > 0; bin++) {
      const from = bin === 0 ? 0 : (edgesSeconds[bin - 1] as number)
      const width = ((edgesSeconds[bin] as number) - from) * 1000
      const returned = this.#counts[bin] as number
      if (returned / Math.max(left - returned / 2, 0.5) / width >= hazardPerMs) last = (edgesSeconds[bin] as number) * 1000
      left -= returned
    }
    return last
  }
}
