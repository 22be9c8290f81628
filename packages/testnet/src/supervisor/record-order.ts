import type { Millis, TraceRecord } from '@infermesh/kernel'
import type { PeerTrace } from '../peer/channel.ts'

/**
 * Merges the traces of many processes into one. A record waits for a moment, so that one that happened earlier and travels
 * later comes out first. One that comes after that moment (its peer was paused, say) still comes out, with its true time.
 */
export class RecordOrder {
  readonly #emit: (record: TraceRecord) => void
  readonly #now: () => number
  readonly #windowMs: number
  /** Sorted by time; equal times keep the order of arrival. */
  #waiting: PeerTrace[] = []
  #seq = 0
  #timer: NodeJS.Timeout | undefined

  /** `now` is in milliseconds since the run began. */
  constructor(emit: (record: TraceRecord) => void, now: () => number, windowMs: Millis) {
    this.#emit = emit
    this.#now = now
    this.#windowMs = windowMs
  }

  add(record: PeerTrace): void {
    let place = this.#waiting.length
    while (place > 0 && (this.#waiting[place - 1]?.at ?? 0) > record.at) place--
    if (place === this.#waiting.length) this.#waiting.push(record)
    else this.#waiting.splice(place, 0, record)
    this.#timer ??= setTimeout(() => this.#onTimer(), this.#windowMs)
  }

  /** Emits all that waits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#emitUntil(Number.POSITIVE_INFINITY)
  }

  #onTimer(): void {
    this.#timer = undefined
    this.#emitUntil(this.#now() - this.#windowMs)
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#onTimer(), this.#windowMs / 2)
  }

  #emitUntil(end: number): void {
    const rest = this.#waiting.findIndex((record) => record.at > end)
    const due = rest === -1 ? this.#waiting : this.#waiting.slice(0, rest)
    this.#waiting = rest === -1 ? [] : this.#waiting.slice(rest)
    for (const { peer, at, event } of due) this.#emit({ seq: this.#seq++, at: Math.floor(at), peer, event })
  }
}
