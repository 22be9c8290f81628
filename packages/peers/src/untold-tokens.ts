import type { Millis } from '@infermesh/kernel'
import type { ToldTokens } from '@infermesh/protocol'

/** So long at most a token waits to be told, while others follow it: a live view stays fresh. */
const WAIT_MAX: Millis = 1_000

/**
 * Tokens of an answer that the trace has not heard of. It hears of the first at once, and of the others with each receipt: a record for
 * each token would be half of a run's trace.
 */
export class UntoldTokens {
  #from = 0
  #cameAt: Millis[] = []
  #hasTold = false

  /** Tokens [from, to) come now; what the trace is to hear of now. */
  add(from: number, to: number, now: Millis): readonly ToldTokens[] {
    const earlier = from === this.#from + this.#cameAt.length ? [] : this.tell(now)
    if (this.#cameAt.length === 0) this.#from = from
    for (let index = from; index < to; index++) this.#cameAt.push(now)
    const isDue = !this.#hasTold || now - (this.#cameAt[0] ?? now) >= WAIT_MAX
    return isDue ? [...earlier, ...this.tell(now)] : earlier
  }

  /** All that is left to tell. */
  tell(now: Millis): readonly ToldTokens[] {
    if (this.#cameAt.length === 0) return []
    const [from, to] = [this.#from, this.#from + this.#cameAt.length]
    const agoMs = this.#cameAt.map((at) => now - at)
    this.#from = to
    this.#cameAt = []
    this.#hasTold = true
    return [{ from, to, agoMs }]
  }
}
