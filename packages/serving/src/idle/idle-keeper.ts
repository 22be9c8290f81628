import type { KvMemory } from '../engine/kv-memory.ts'
import type { Sequence } from '../engine/sequence.ts'
import { noKey } from '../kv/block-index.ts'
import type { EngineLoad, IdlePolicy, IdleSession } from './idle-policy.ts'

interface Parked {
  readonly idle: IdleSession
  readonly slots: number[]
  readonly expiresAt: number
}

/** Holds the blocks of idle sessions as the policy says, and gives them up, tail first, when memory is short. */
export class IdleKeeper {
  readonly #policy: IdlePolicy
  readonly #memory: KvMemory
  readonly #parked = new Map<string, Parked>()
  readonly #left = new Map<string, IdleSession>()
  #blocks = 0
  #now = 0

  constructor(policy: IdlePolicy, memory: KvMemory) {
    this.#policy = policy
    this.#memory = memory
    memory.reclaim = (freeWanted) => this.#reclaim(freeWanted)
  }

  /** Blocks held for idle sessions. */
  blocks(): number {
    return this.#blocks
  }

  /** Every table of an idle session, for audits. */
  tables(): { readonly slots: readonly number[]; readonly fullCount: number }[] {
    return [...this.#parked.values()].map(({ slots }) => ({ slots, fullCount: slots.length }))
  }

  /** Time only moves the policy's clock; expired sessions are found when blocks are wanted or their turn comes. */
  tick(now: number): void {
    this.#now = now
  }

  /** Takes over the blocks of a finished turn. */
  suspend(sequence: Sequence, load: EngineLoad): void {
    const turn = sequence.request.session
    const shared = Math.min(sequence.publicBlocks, sequence.slots.length)
    if (turn === undefined || turn.last) {
      this.#end(sequence, shared)
      return
    }
    const idle: IdleSession = {
      session: turn.session,
      pause: turn.pause,
      contextTokens: shared * this.#memory.blockTokens,
      since: this.#now,
      ...(turn.hint === undefined ? {} : { hint: turn.hint }),
    }
    this.resume(turn.session)
    const hold = this.#policy.suspended(idle, load)
    this.#left.set(turn.session, idle)
    if (hold.keepMs <= 0) {
      this.#end(sequence, 0)
      return
    }
    for (const slot of sequence.slots.slice(shared)) this.#forgetLast(slot)
    const guarded = hold.swap ? 0 : Math.min(shared, Math.ceil(hold.guardTokens / this.#memory.blockTokens))
    if (hold.swap) this.#memory.demoteAll(sequence)
    const slots = sequence.slots.splice(0, guarded)
    this.#parked.set(turn.session, { idle, slots, expiresAt: this.#now + hold.keepMs })
    this.#blocks += slots.length
    this.#releaseAll(sequence.slots)
    sequence.slots.length = 0
    this.#memory.changed()
  }

  /** A turn arrives: the policy learns the gap, and KV kept past its time is dropped before it can be found. */
  arrived(session: string, now: number): void {
    const idle = this.#left.get(session)
    if (idle === undefined) return
    this.#left.delete(session)
    this.#policy.returned(idle, now - idle.since)
    const parked = this.#parked.get(session)
    if (parked !== undefined && parked.expiresAt < now) this.#drop(session, parked)
  }

  /** The session never returns. */
  end(session: string): void {
    this.#left.delete(session)
    const parked = this.#parked.get(session)
    if (parked !== undefined) this.#drop(session, parked)
  }

  /** The session's turn holds its blocks itself now. */
  resume(session: string): void {
    const parked = this.#parked.get(session)
    if (parked === undefined) return
    this.#parked.delete(session)
    this.#blocks -= parked.slots.length
    this.#releaseAll(parked.slots)
    this.#memory.changed()
  }

  #end(sequence: Sequence, kept: number): void {
    for (const slot of sequence.slots.slice(kept)) this.#forgetLast(slot)
    this.#releaseAll(sequence.slots)
    sequence.slots.length = 0
    this.#memory.changed()
  }

  /** Gives up blocks until so many are free, or nothing is left. Blocks that a request shares do not become free. */
  #reclaim(freeWanted: number): boolean {
    const { pool } = this.#memory
    for (const [session, parked] of [...this.#parked]) if (parked.expiresAt < this.#now) this.#drop(session, parked)
    while (pool.free() < freeWanted) {
      const victim = this.#victim()
      if (victim === undefined) return false
      const trimmed = victim.slots.splice(Math.max(0, victim.slots.length - freeWanted + pool.free()))
      this.#releaseAll(trimmed)
      this.#blocks -= trimmed.length
      if (victim.slots.length === 0) this.#parked.delete(victim.idle.session)
    }
    return true
  }

  /** A look at every idle session, once for each shortage, never for each block. */
  #victim(): Parked | undefined {
    let victim: Parked | undefined
    let highest = Number.NEGATIVE_INFINITY
    for (const parked of this.#parked.values()) {
      const rank = this.#policy.rank(parked.idle, this.#now)
      if (victim !== undefined && rank <= highest) continue
      victim = parked
      highest = rank
    }
    return victim
  }

  #drop(session: string, parked: Parked): void {
    this.#parked.delete(session)
    this.#blocks -= parked.slots.length
    for (const slot of parked.slots) this.#forgetLast(slot)
    this.#releaseAll(parked.slots)
    this.#memory.changed()
  }

  /** Content that somebody else holds too stays. */
  #forgetLast(slot: number): void {
    if (this.#memory.pool.references(slot) === 1 && this.#memory.pool.keyOf(slot) !== noKey) this.#memory.pool.forget(slot)
  }

  #releaseAll(slots: readonly number[]): void {
    for (let index = slots.length - 1; index >= 0; index--) this.#memory.pool.release(slots[index] as number)
  }
}
