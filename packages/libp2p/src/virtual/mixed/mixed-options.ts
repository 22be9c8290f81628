import type { AnyEnvelope, AnyMessage } from '@infermesh/kernel'
import type { PeerSpec } from '@infermesh/sim'

/** The peers of a world that are machines on modelled links, beside those on libp2p and on the same clock. */
export interface MessageSide<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope> {
  readonly peers: readonly PeerSpec<M, E>[]
  /** Every peer of either side; a peer's place is its number in the link model. */
  readonly order: readonly string[]
  /** Topics that some peer on libp2p listens to. What is said on others goes to the message side only. */
  readonly stackTopics: readonly string[]
  /** Bytes on the wire, where lines have a rate. */
  readonly sizeOf?: { message(message: M): number; envelope(envelope: E): number }
}

/** What has crossed between the two sides. */
export interface BorderCounts {
  /** Requests that peers on libp2p got from the message side, and sent there. */
  requestsIn: number
  requestsOut: number
  /** Envelopes, counted once for each peer on libp2p that took them in or passed them out. */
  gossipIn: number
  gossipOut: number
  /** Copies between a peer of one side and one of the other that the receiver had already, and dropped. */
  duplicates: number
}
