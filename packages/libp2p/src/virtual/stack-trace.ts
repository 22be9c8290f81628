import { type TraceEvent, type TraceRecord, WORLD, type WorldEvent } from '@infermesh/kernel'
import { TraceHash } from '@infermesh/sim'
import type { VirtualClock } from './clock/virtual-clock.ts'

/** The records of a run, in order, and their digest. */
export class StackTrace {
  readonly hash = new TraceHash()
  readonly #clock: VirtualClock
  readonly #onRecord: ((record: TraceRecord) => void) | undefined
  #count = 0

  constructor(clock: VirtualClock, onRecord: ((record: TraceRecord) => void) | undefined) {
    this.#clock = clock
    this.#onRecord = onRecord
  }

  tell(event: WorldEvent): void {
    this.record(WORLD, event)
  }

  /** What a peer says while its disk keeps it waiting is said when the wait is over. */
  record(peer: string, event: TraceEvent): void {
    const { owner, now } = this.#clock
    if (peer === owner.name && owner.busyUntil > now) this.#clock.at(owner.busyUntil, () => this.#add(peer, event))
    else this.#add(peer, event)
  }

  #add(peer: string, event: TraceEvent): void {
    const record: TraceRecord = { seq: this.#count++, at: Math.floor(this.#clock.now), peer, event }
    this.hash.add(record)
    try {
      this.#onRecord?.(record)
    } catch (error) {
      // It is not the peer's fault that it was heard.
      this.#clock.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
