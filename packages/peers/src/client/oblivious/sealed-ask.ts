import type { Millis, PeerId } from '@infermesh/kernel'
import type { Request } from '@infermesh/protocol'
import type { Asked } from '../answer.ts'
import type { Ask } from '../ask.ts'

/** A request that the gateway will sign in its own name; the client knows its id because it chose the nonce. */
export interface PrivateRequest extends Asked {
  readonly envelope: { readonly payload: Request }
  readonly prompt: Uint8Array
}

/** One request of the local caller, until it ended. */
export interface SealedAsk {
  readonly ask: Ask<PrivateRequest>
  readonly deadline: Millis
  readonly gateway: PeerId
  /** Blind tokens that it takes, once they are there. */
  readonly price: number
  tokens: readonly Uint8Array[]
  /** Sendings so far. */
  tries: number
  /** `waiting` for keys or tokens, `paused` until its next try, `queued` for its turn. */
  state: 'waiting' | 'paused' | 'queued' | 'sent' | 'ended'
}
