import type { Envelope, Message } from '@infermesh/protocol'
import type { MessageWorld } from '@infermesh/sim'

/** What a world must offer so that faults can be injected into it, and measured. */
export type FaultHost = Pick<
  MessageWorld<Message, Envelope>,
  | 'now'
  | 'at'
  | 'ask'
  | 'start'
  | 'crash'
  | 'restart'
  | 'pause'
  | 'resume'
  | 'setClock'
  | 'setDisk'
  | 'setLineRate'
  | 'addRule'
  | 'probe'
  | 'isUp'
  | 'record'
>

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
