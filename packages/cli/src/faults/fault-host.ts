import type { Millis } from '@infermesh/kernel'
import type { Envelope, Message } from '@infermesh/protocol'
import { type LinkFaultSpec, type MessageWorld, type RuleHandle, ruleOf } from '@infermesh/sim'
import type { CutSide } from './save-cuts.ts'

type Controls =
  | 'now'
  | 'ask'
  | 'start'
  | 'crash'
  | 'restart'
  | 'pause'
  | 'resume'
  | 'setClock'
  | 'setDisk'
  | 'setLineRate'
  | 'probe'
  | 'isUp'
  | 'record'

/** What a world must offer so that faults can be injected into it, and measured. */
export interface FaultHost extends Pick<MessageWorld<Message, Envelope>, Controls> {
  addRule(label: string, spec: LinkFaultSpec): RuleHandle
  /** A crash around the next save; `undefined` takes it back. Only where a machine's effects can be counted beforehand. */
  cutAtSave?(peer: string, side: CutSide | undefined): void
  /** Do these two have a connection? Where that is known, connected pairs are measured rather than others. */
  isLinked?(from: string, to: string): boolean
  /** What the machine under the world may add to a measured delay, in ms; nothing in virtual time. */
  readonly noiseMs?: number
  /** Shortest delay over these links while nothing was wrong with them, where the machine makes single measurements untrustworthy. */
  idleMs?(pairs: readonly (readonly [from: string, to: string])[]): number | undefined
}

/** What a virtual world offers of it. */
export type VirtualControls = Pick<MessageWorld<Message, Envelope>, Controls | 'addRule'>

export const faultHostOf = (world: VirtualControls): FaultHost => ({
  ...world,
  addRule(label, spec) {
    const { rule, isMeant } = ruleOf(spec)
    return world.addRule(label, rule, isMeant)
  },
})

/** What clock and disk faults do to a peer, seen from its machine. */
export interface Watch {
  of(peer: string): Seen
  /** From now on saves count anew. */
  restartSaves(peer: string): void
}

export interface Seen {
  /** Clock shown minus true time, at the last input. */
  readonly offset: Millis
  /** When that was, in true time. */
  readonly at: Millis
  readonly saves: number
  /** Shortest true time that one save took; infinite without any. */
  readonly saveMsMin: number
}

/** What a fault did, as numbers, and why it counts as not having acted, if it does. */
export interface Proof {
  readonly measured: Readonly<Record<string, number>>
  readonly failure?: string
}

/** A fault in force. */
export interface ActiveFault {
  /** Takes it away. Harmless when repeated. */
  heal(): void
  /** Asked at the run's end: answers to measurements have come by then. */
  prove(): Proof
}
