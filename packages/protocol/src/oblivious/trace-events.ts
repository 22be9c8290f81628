import type { Amount, Millis, PeerId } from '@infermesh/kernel'

/**
 * What the parties to an oblivious request see of it. `sealed` is the front of the SHA-256 of the sealed bytes: client, relay and gateway
 * all have those, and nobody else. A watcher of links has the times and sizes alone.
 */
export type ObliviousEvent =
  | {
      readonly type: 'sealedSent'
      readonly sealed: string
      /** Absent for cover. */
      readonly requestId?: string
      readonly relay: PeerId
      readonly gateway: PeerId
      readonly bytes: number
      readonly attempt: number
    }
  | { readonly type: 'sealedEnded'; readonly sealed: string; readonly outcome: string }
  | { readonly type: 'relayReceived'; readonly sealed: string; readonly client: PeerId; readonly gateway: PeerId; readonly bytes: number }
  | { readonly type: 'relayForwarded'; readonly sealed: string; readonly gateway: PeerId; readonly bytes: number; readonly heldMs: Millis }
  | { readonly type: 'relayAnswered'; readonly sealed: string; readonly bytes: number; readonly last: boolean }
  /** What a relay charges to a client's account, as the gateway told it. */
  | { readonly type: 'relayBilled'; readonly sealed: string; readonly client: PeerId; readonly amount: Amount }
  | {
      readonly type: 'sealedOpened'
      readonly sealed: string
      readonly relay: PeerId
      readonly bytes: number
      /** Of the request that the gateway signs; absent for cover and for what was answered by the gateway itself. */
      readonly requestId?: string
      readonly model?: string
      readonly promptTokens?: number
      readonly maxTokens?: number
      readonly code?: string
    }
  /** Not opened: told in the open, and nothing was learnt. */
  | { readonly type: 'sealedRefused'; readonly sealed: string; readonly relay: PeerId; readonly code: string }
  | { readonly type: 'answerSealed'; readonly sealed: string; readonly bytes: number; readonly plainBytes: number; readonly last: boolean }
  | { readonly type: 'keysPublished'; readonly keyId: number; readonly until: Millis; readonly envelope: string }
  | { readonly type: 'keysRefused'; readonly from: PeerId; readonly gateway: PeerId; readonly reason: string }
  | { readonly type: 'tokensSold'; readonly buyer: PeerId; readonly count: number }
  | { readonly type: 'tokensSpent'; readonly requestId: string; readonly count: number }
  | { readonly type: 'tokensDeposited'; readonly gateway: PeerId; readonly count: number; readonly refused: number }
  /** The issuer owes this to a gateway, and brings it to the log. */
  | {
      readonly type: 'tokensPaidOut'
      readonly gateway: PeerId
      readonly number: number
      readonly count: number
      readonly amount: Amount
    }
