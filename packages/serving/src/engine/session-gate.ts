import type { SessionTurn } from './request.ts'

interface OpenSession {
  tokens: number
  /** Turns that have entered and not left; a preempted one stays. */
  readonly turns: Set<number>
  /** Its last turn has left. */
  isOver: boolean
}

const OVER_KEPT = 4096

/**
 * Keeps new sessions out while the contexts of the open ones would not fit: the cure for the thrash cliff.
 * Later turns of an open session always pass. A session is open until its last turn and all before it have left, in any order.
 */
export class SessionGate {
  readonly #limitTokens: number
  readonly #open = new Map<string, OpenSession>()
  /** Sessions whose last turn has left lately: an earlier turn that comes after it must not open them for good. */
  readonly #over = new Set<string>()
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
    const session = this.#open.get(turn.session) ?? { tokens: 0, turns: new Set<number>(), isOver: this.#over.has(turn.session) }
    this.#openTokens += contextTokens - session.tokens
    session.tokens = contextTokens
    session.turns.add(turn.turn)
    this.#open.set(turn.session, session)
  }

  left(turn: SessionTurn | undefined): void {
    if (turn === undefined) return
    if (turn.last) this.#remember(turn.session)
    const session = this.#open.get(turn.session)
    if (session === undefined) return
    session.turns.delete(turn.turn)
    session.isOver ||= turn.last
    if (session.isOver && session.turns.size === 0) this.end(turn.session)
  }

  end(session: string): void {
    this.#openTokens -= this.#open.get(session)?.tokens ?? 0
    this.#open.delete(session)
  }

  #remember(session: string): void {
    this.#over.add(session)
    if (this.#over.size > OVER_KEPT) this.#over.delete(this.#over.values().next().value as string)
  }
}
