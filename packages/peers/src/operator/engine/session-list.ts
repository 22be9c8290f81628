import type { Millis, PeerId } from '@infermesh/kernel'
import type { SessionTurn } from '@infermesh/protocol'

/** The conversations that an operator has memory of or turns for. */
export class SessionList {
  readonly #idleMax: Millis
  readonly #open = new Map<string, { running: number; heardAt: Millis }>()

  constructor(idleMax: Millis) {
    this.#idleMax = idleMax
  }

  size(): number {
    return this.#open.size
  }

  began(session: string, now: Millis): void {
    const { running } = this.#open.get(session) ?? { running: 0 }
    this.#open.set(session, { running: running + 1, heardAt: now })
  }

  ended(session: string, isLast: boolean, now: Millis): void {
    const open = this.#open.get(session)
    if (open === undefined) return
    open.running--
    open.heardAt = now
    if (isLast && open.running === 0) this.#open.delete(session)
  }

  /** Those that were unheard for too long; they are over from now on. */
  expired(now: Millis): readonly string[] {
    const over = [...this.#open].filter(([, { running, heardAt }]) => running === 0 && now - heardAt >= this.#idleMax)
    for (const [session] of over) this.#open.delete(session)
    return over.map(([session]) => session)
  }
}

/** A session's name at an operator: no client can meddle with another's. */
export const sessionKey = (client: PeerId, { id }: Pick<SessionTurn, 'id'>): string => `${client}/${id}`
