import type { MessageOf } from '@infermesh/protocol'
import type { Ended, Phase, Session } from './session.ts'

/** The sessions of a gateway, found by request, by the call to the operator and by the calls that listen; and the last ended ones. */
export class SessionTable {
  readonly #remembered: number
  readonly #sessions = new Map<string, Session>()
  readonly #byCall = new Map<string, Session>()
  readonly #byListener = new Map<string, Session>()
  readonly #ended = new Map<string, Ended>()

  constructor(remembered: number) {
    this.#remembered = remembered
  }

  size(): number {
    return this.#sessions.size
  }

  /** In order of arrival. */
  all(): readonly Session[] {
    return [...this.#sessions.values()]
  }

  get(requestId: string): Session | undefined {
    return this.#sessions.get(requestId)
  }

  byCall(callId: string): Session | undefined {
    return this.#byCall.get(callId)
  }

  byListener(listener: string): Session | undefined {
    return this.#byListener.get(listener)
  }

  ended(requestId: string): Ended | undefined {
    return this.#ended.get(requestId)
  }

  add(session: Session): void {
    this.#sessions.set(session.opened.requestId, session)
  }

  listen(session: Session, listener: string): void {
    session.listeners.add(listener)
    this.#byListener.set(listener, session)
  }

  unlisten(session: Session, listener: string): void {
    session.listeners.delete(listener)
    this.#byListener.delete(listener)
  }

  run(session: Session, running: Extract<Phase, { readonly state: 'running' }>): void {
    session.phase = running
    this.#byCall.set(running.callId, session)
  }

  idle(session: Session, { callId }: Extract<Phase, { readonly state: 'running' }>): void {
    session.phase = { state: 'idle' }
    this.#byCall.delete(callId)
  }

  /** A client that asks again starts anew. */
  forget(requestId: string): void {
    this.#ended.delete(requestId)
  }

  end(session: Session, completed: MessageOf<'Completed'> | undefined): void {
    const { opened, tokens, receipts, vouched, operator, attempt, listeners } = session
    this.#sessions.delete(opened.requestId)
    for (const listener of listeners) this.#byListener.delete(listener)
    this.#ended.delete(opened.requestId)
    this.#ended.set(opened.requestId, { tokens, receipts, vouched, operator, attempt, completed })
    if (this.#ended.size > this.#remembered) this.#ended.delete(this.#ended.keys().next().value as string)
  }
}
