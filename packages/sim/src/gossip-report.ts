import { type TraceEvent, WORLD, type WorldEvent } from '@infermesh/kernel'

/** A record holds at most so many delays, from at most so long a time in ms: a live view stays fresh and a record small. */
const DELAYS_MAX = 1024
const SPAN_MAX = 1000

interface Batch {
  readonly since: number
  readonly delays: number[]
}

/** Collects how long gossip took, and tells it topic by topic in `gossipDelivered` records. */
export class GossipReport {
  readonly #record: (peer: string, event: TraceEvent) => void
  readonly #batches = new Map<string, Batch>()

  constructor(record: (peer: string, event: TraceEvent) => void) {
    this.#record = record
  }

  add(topic: string, delayMs: number, now: number): void {
    let batch = this.#batches.get(topic)
    if (batch !== undefined && (batch.delays.length >= DELAYS_MAX || now - batch.since > SPAN_MAX)) {
      this.#tell(topic, batch)
      batch = undefined
    }
    if (batch === undefined) {
      batch = { since: now, delays: [] }
      this.#batches.set(topic, batch)
    }
    batch.delays.push(Math.round(delayMs))
  }

  /** Tells what is left. */
  flush(): void {
    for (const [topic, batch] of this.#batches) this.#tell(topic, batch)
    this.#batches.clear()
  }

  #tell(topic: string, batch: Batch): void {
    const event: WorldEvent = { type: 'gossipDelivered', topic, delaysMs: batch.delays }
    this.#record(WORLD, event)
  }
}
