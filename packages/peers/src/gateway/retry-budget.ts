/** Bounds retries to a share of the requests, so that a brown-out is not answered with a storm. */
export class RetryBudget {
  readonly #burst: number
  readonly #perRequest: number
  #left: number

  constructor({ burst, perRequest }: { readonly burst: number; readonly perRequest: number }) {
    this.#burst = burst
    this.#perRequest = perRequest
    this.#left = burst
  }

  onRequest(): void {
    this.#left = Math.min(this.#burst, this.#left + this.#perRequest)
  }

  /** False when there is nothing left. */
  take(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
