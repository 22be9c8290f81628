import type { TraceRecord } from '@infermesh/kernel'
import type { NetworkEvent } from '@infermesh/protocol'

export type NetworkRecord = TraceRecord<NetworkEvent>

export type EventType = NetworkEvent['type']

/** A record whose event is of one of these types. */
export type RecordOf<T extends EventType> = TraceRecord<Extract<NetworkEvent, { readonly type: T }>>

export type MetricValues = Readonly<Record<string, number | boolean>>

/** Reads events of these types; nothing else that the trace holds comes to it. */
export interface TraceReader {
  readonly watches: readonly EventType[]
}

/** Sees every record of its types once, in order, and keeps only what its metrics need. */
export interface MetricFold extends TraceReader {
  observe(record: NetworkRecord): void
  report(): MetricValues
}

/** Readers by the types they watch, each in the given order: a record costs those who read it, and not all. */
export function readersByType<R extends TraceReader>(readers: readonly R[]): ReadonlyMap<string, readonly R[]> {
  const types = new Set(readers.flatMap(({ watches }) => watches))
  return new Map([...types].map((type) => [type, readers.filter(({ watches }) => watches.includes(type))]))
}
