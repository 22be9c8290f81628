import type { SessionTurn } from './request.ts'

/**
 * Keeps new sessions out while the contexts of the open ones would not fit: the cure for the thrash cliff.
 * Later turns of an open session always pass.
 */
export class SessionGate {
  readonly #limitTokens: number
  readonly #open = new Map<string, number>()
  #openTokens = 0

  constructor(limitTokens: number) {
    this.#limitTokens = limitTokens
  }

  /** A session whose first turn alone is over the limit passes when no other is open. */
  lets(turn: SessionTurn | undefined, contextTokens: number): boolean {
    if (turn === undefined || this.#open.has(turn.session) || this.#open.size === 0) return true
    return this.#openTokens + contextTokens <= this.#limitTokens
  }

  entered(turn: SessionTurn | undefined, contextTokens: number): void {
    if (turn === undefined) return
    this.#openTokens += contextTokens - (this.#open.get(turn.session) ?? 0)
    this.#open.set(turn.session, contextTokens)
  }

  left(turn: SessionTurn | undefined): void {
    if (turn?.last === true) this.end(turn.session)
  }

  end(session: string): void {
    this.#openTokens -= this.#open.get(session) ?? 0
    this.#open.delete(session)
  }
}
