import type { TraceRecord } from '@infermesh/kernel'
import type { NetworkEvent } from '@infermesh/protocol'

export type NetworkRecord = TraceRecord<NetworkEvent>

export type MetricValues = Readonly<Record<string, number | boolean>>

/** Sees every trace record once, in order, and keeps only what its metrics need. */
export interface MetricFold {
  observe(record: NetworkRecord): void
  report(): MetricValues
}
