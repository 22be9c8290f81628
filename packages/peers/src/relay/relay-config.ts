import type { Millis } from '@infermesh/kernel'
import type { DelayPolicy } from './mix.ts'

/** JSON-safe. */
export interface RelayConfig {
  readonly delay?: DelayPolicy
  /** Mean of one exponential delay for the whole of an answer: its pieces keep their pace, so no gap between two of them shows. */
  readonly answerDelay?: Millis
  /** Sealed requests carried at one time; more are refused as not processed. */
  readonly running?: number
  /** Longest silence of a gateway before the exchange counts as lost. Answers that come whole are silent until they are made. */
  readonly gatewaySilence?: Millis
}

export const relayDefaults = {
  delay: { kind: 'none' },
  answerDelay: 0,
  running: 4096,
  gatewaySilence: 60_000,
} as const satisfies Required<RelayConfig>
