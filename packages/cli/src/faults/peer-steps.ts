import type { Action } from '@infermesh/scenario'

/** What an action means for one peer, in worlds where peers are processes. */
export interface PeerStep {
  readonly kind: 'crash' | 'restart' | 'pause' | 'resume'
  readonly peer: string
}

/** The steps of an action. Load, and faults that the peers perform themselves, have none. */
export function peerStepsOf(action: Action): readonly PeerStep[] {
  if (action.type === 'submit') return []
  const { fault } = action
  const isStart = action.type === 'apply'
  switch (fault.kind) {
    case 'crash':
      return fault.peers.map((peer) => ({ kind: isStart ? 'crash' : 'restart', peer }))
    case 'pause':
      return fault.peers.map((peer) => ({ kind: isStart ? 'pause' : 'resume', peer }))
    case 'restart':
    case 'resume':
      return fault.peers.map((peer) => ({ kind: fault.kind, peer }))
    default:
      return []
  }
}
