import type { AnyMessage, PeerId, TraceEvent } from '@infermesh/kernel'
import type { FaultOrder, FaultReport } from './fault-order.ts'
import type { Ask, BootPeer, MeshState, PeerAddress } from './host.ts'

/** What the supervisor says to a peer process, over the fork channel. */
export type ToPeer =
  | {
      readonly type: 'boot'
      readonly peers: readonly BootPeer[]
      /** The run's start on the machine's monotonic clock, which all processes share. */
      readonly epochNs: bigint
      /** Writes the compile cache once the peers listen, so that the next processes find it. */
      readonly saveCompileCache: boolean
    }
  | { readonly type: 'know'; readonly peers: readonly PeerAddress[] }
  | { readonly type: 'dial'; readonly peer: string; readonly targets: readonly PeerId[] }
  | { readonly type: 'call'; readonly peer: string; readonly callId: number; readonly call: PeerCall }
  | { readonly type: 'cancel'; readonly callId: number }
  | { readonly type: 'stop' }

/** What is done to one peer and answered: with `answer` any number of times, then with `ended` once. */
export type PeerCall =
  | { readonly type: 'ask'; readonly ask: Ask }
  | { readonly type: 'fault'; readonly order: FaultOrder }
  | { readonly type: 'stats' }

/** What a peer process says to its supervisor. */
export type FromPeer =
  | { readonly type: 'listening'; readonly peers: readonly Listening[] }
  | { readonly type: 'trace'; readonly batch: readonly PeerTrace[] }
  | { readonly type: 'mesh'; readonly peer: string; readonly state: MeshState }
  | { readonly type: 'probed'; readonly id: number; readonly at: number }
  | { readonly type: 'answer'; readonly callId: number; readonly value: CallValue }
  | { readonly type: 'ended'; readonly callId: number; readonly failure: CallFailure | undefined }
  | { readonly type: 'fatal'; readonly peer: string; readonly detail: string }

export interface Listening extends PeerAddress {
  readonly name: string
}

/** `at` is in milliseconds since the run began, with its fraction, so that records of several processes can be put in order. */
export interface PeerTrace {
  readonly peer: string
  readonly at: number
  readonly event: TraceEvent
}

/** What a call yields: messages of an ask, or the one report that was asked for. */
export type CallValue = AnyMessage | HostStats | FaultReport

export interface CallFailure {
  readonly code: string
  readonly detail: string
}

/** Event-loop delay since the last call for stats, and the host's counters. */
export interface HostStats {
  readonly loopDelayMsMean: number
  readonly loopDelayMsMax: number
  readonly counters: Readonly<Record<string, number>>
}
