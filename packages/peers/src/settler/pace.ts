import { type Millis, setTimer } from '@infermesh/kernel'
import type { PeerEffect } from '@infermesh/protocol'
import { type Ledger, nextDue } from '@infermesh/protocol/ledger'

export const BLOCK_TIMER = 'block'

/** When the next block may begin: not before `blockEvery` after the last, and only if something is to order or due. */
export class Pace {
  readonly #ledger: Ledger
  #notBefore: Millis = 0
  #hasNews = false
  #setFor: Millis | undefined

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** An entry came that no block has been tried with. */
  onNews(): void {
    this.#hasNews = true
  }

  /** The waiting entries all wait for others: only a new entry or time can change that. */
  onNothingToOrder(): void {
    this.#hasNews = false
  }

  onFinal(now: Millis, isWaiting: boolean): void {
    this.#notBefore = now + this.#ledger.rules.parameters.settlement.blockEvery
    this.#hasNews = isWaiting
    this.#setFor = undefined
  }

  onTimer(): void {
    this.#setFor = undefined
  }

  isDue(now: Millis): boolean {
    const due = nextDue(this.#ledger)
    return due !== undefined && due <= now
  }

  /** Sets the timer, if it is not set for this instant already. */
  timer(now: Millis): PeerEffect[] {
    const due = this.#hasNews ? now : nextDue(this.#ledger)
    if (due === undefined) return []
    const at = Math.max(now, this.#notBefore, due)
    if (this.#setFor !== undefined && this.#setFor <= at && this.#setFor > now) return []
    this.#setFor = at
    return [setTimer(BLOCK_TIMER, at - now)]
  }
}
