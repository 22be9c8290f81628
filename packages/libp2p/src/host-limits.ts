import type { Millis } from '@infermesh/kernel'

/** Bounds on everything that another peer can make grow. */
export interface HostLimits {
  /** One encoded message on a stream. */
  readonly messageBytesMax: number
  /** One envelope. Gossip is for statements, streams are for bulk. */
  readonly envelopeBytesMax: number
  /** Bytes and frames waiting to be sent to one peer on one stream. */
  readonly queuedBytesMax: number
  readonly queuedFramesMax: number
  /** Requests to one peer on one stream that have no last answer yet, each way. */
  readonly openCallsMax: number
  /** Inputs waiting for the machine; what comes from outside beyond it is refused. */
  readonly inputsMax: number
  /** Answers that a local asker has not taken yet. */
  readonly askAnswersMax: number
  /** Compute jobs under way. */
  readonly jobsMax: number
  readonly connectionsMax: number
  readonly dialTimeout: Millis
  /** First and longest pause before a lost connection is dialled again. */
  readonly redialMin: Millis
  readonly redialMax: Millis
}

export const defaultLimits: HostLimits = {
  messageBytesMax: 4 * 1024 * 1024,
  envelopeBytesMax: 256 * 1024,
  queuedBytesMax: 16 * 1024 * 1024,
  queuedFramesMax: 8192,
  openCallsMax: 4096,
  inputsMax: 65_536,
  askAnswersMax: 8192,
  jobsMax: 4096,
  connectionsMax: 4096,
  dialTimeout: 30_000,
  redialMin: 200,
  redialMax: 2_000,
}
