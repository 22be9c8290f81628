import { assertNever, type WorldEvent } from '@infermesh/kernel'
import type { ProcessExit } from './peer-process.ts'

/** How the trace tells the end of a peer's process. */
export function exitRecord(name: string, exit: ProcessExit): WorldEvent {
  switch (exit.cause) {
    case 'stopped':
      return { type: 'peerStopped', name }
    case 'crashed':
      return { type: 'peerCrashed', name, reason: 'killed' }
    case 'unexpected':
      return { type: 'peerCrashed', name, reason: exit.detail }
    default:
      return assertNever(exit)
  }
}
