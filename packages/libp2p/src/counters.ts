import type { WorldEvent } from '@infermesh/kernel'
import type { Timers } from './host-options.ts'

/** What the host counts, and the events about itself that it gathers for up to a second before it emits them. */
export class Counters {
  inputs = 0
  effects = 0
  framesSent = 0
  framesReceived = 0
  bytesSent = 0
  bytesReceived = 0
  gossipPublished = 0
  gossipDelivered = 0
  gossipRejected = 0
  readonly dropped = new Map<string, number>()
  readonly #emit: (event: WorldEvent) => void
  readonly #timers: Timers
  readonly #droppedSince = new Map<string, number>()
  readonly #delaysSince = new Map<string, number[]>()
  #unset: (() => void) | undefined

  constructor(emit: (event: WorldEvent) => void, timers: Timers) {
    this.#emit = emit
    this.#timers = timers
  }

  drop(queue: string, count = 1): void {
    this.dropped.set(queue, (this.dropped.get(queue) ?? 0) + count)
    this.#droppedSince.set(queue, (this.#droppedSince.get(queue) ?? 0) + count)
    this.#schedule()
  }

  delivered(topic: string, delayMs: number): void {
    const delays = this.#delaysSince.get(topic)
    if (delays === undefined) this.#delaysSince.set(topic, [delayMs])
    else delays.push(delayMs)
    this.#schedule()
  }

  /** Emits what is gathered, and no more afterwards. */
  stop(): void {
    this.#unset?.()
    this.#report()
  }

  // Armed by the first event only, so that an idle host does not tick.
  #schedule(): void {
    this.#unset ??= this.#timers.after(REPORT_EVERY, () => this.#report())
  }

  #report(): void {
    this.#unset = undefined
    for (const [topic, delaysMs] of this.#delaysSince) this.#emit({ type: 'gossipDelivered', topic, delaysMs })
    for (const [queue, count] of this.#droppedSince) this.#emit({ type: 'dropped', queue, count })
    this.#delaysSince.clear()
    this.#droppedSince.clear()
  }
}

const REPORT_EVERY = 1000
