import type { Cryptography, Millis } from '@infermesh/kernel'
import type { Directory } from '@infermesh/protocol'
import type { EventType, NetworkRecord, RecordOf, TraceReader } from '../metrics/fold.ts'

/** A property that must hold in every run, whatever the scenario expects. */
export interface Check extends TraceReader {
  /** `I1`… for safety, `L1`… for liveness. */
  readonly name: string
  readonly title: string
  /** Sees every record of its types once, in order. A text is a violation. */
  observe(record: NetworkRecord): string | undefined
  /** Asked once the run has ended. */
  conclude?(end: Millis): string | undefined
}

/** What checks may know beside the trace. */
export interface CheckContext {
  readonly directory: Directory
  /** What the run's peers sign and verify with. */
  readonly crypto: Cryptography
  /** Peer ids that the scenario makes lie. */
  readonly liars: ReadonlySet<string>
  /** A request must end this long after its deadline. */
  readonly grace: Millis
}

interface CheckOf<T extends EventType> extends Omit<Check, 'watches' | 'observe'> {
  observe(record: RecordOf<T>): string | undefined
}

/** A check over these types of events. It cannot so much as name another, so none that it needs is forgotten. */
export const checkOver = <const T extends EventType>(watches: readonly T[], check: CheckOf<T>): Check => ({ watches, ...check })

export type CheckFactory = (context: CheckContext) => Check
