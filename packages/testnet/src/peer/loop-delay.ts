/** How late the event loop runs a quarter-second timer: cheap enough for a hundred processes on two cores. */
export class LoopDelay {
  #due = performance.now() + periodMs
  #lateMsTotal = 0
  #lateMsMax = 0
  #ticks = 0

  constructor() {
    setInterval(() => this.#tick(), periodMs).unref()
  }

  /** Mean and maximum since the last call. */
  take(): { readonly loopDelayMsMean: number; readonly loopDelayMsMax: number } {
    const taken = { loopDelayMsMean: this.#ticks === 0 ? 0 : this.#lateMsTotal / this.#ticks, loopDelayMsMax: this.#lateMsMax }
    this.#lateMsTotal = 0
    this.#lateMsMax = 0
    this.#ticks = 0
    return taken
  }

  #tick(): void {
    const now = performance.now()
    const late = Math.max(0, now - this.#due)
    this.#due = now + periodMs
    this.#lateMsTotal += late
    this.#lateMsMax = Math.max(this.#lateMsMax, late)
    this.#ticks++
  }
}

const periodMs = 250
