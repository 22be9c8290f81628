import type { Millis } from '@infermesh/kernel'

/** The modelled gossip mesh. Names and defaults follow gossipsub 1.2 as js-libp2p ships it. */
export interface GossipSettings {
  /** Mesh links a peer aims at, and the bounds it repairs to. */
  readonly degree: number
  readonly degreeMin: number
  readonly degreeMax: number
  /** Subscribers a newcomer connects to. */
  readonly dials: number
  /** Peers outside the mesh that hear of a message at each heartbeat: at least this many, or the share. */
  readonly lazyDegree: number
  readonly lazyShare: number
  /** Heartbeats during which a message is advertised. */
  readonly lazyRounds: number
  readonly heartbeatMs: Millis
  /** How long a message is known as seen. */
  readonly seenMs: Millis
  /** From this size on, a receiver tells its mesh that it wants no further copy, in bytes. */
  readonly unwantedBytes: number
  /** The publisher sends to all its connected subscribers, not only to its mesh. */
  readonly floodPublish: boolean
  /** Score for each squared invalid message, what a second leaves of the count, and the bound below which nothing is taken. */
  readonly invalidWeight: number
  readonly invalidDecay: number
  readonly graylist: number
  /** Who is linked with whom, instead of a mesh the model grows: neighbours of a peer, by index. */
  readonly fixedLinks?: (peer: number) => number[]
  /** Whether two peers may have a gossip link, by index; all may unless told. */
  readonly mayLink?: (left: number, right: number) => boolean
  /** Hears of each copy that its receiver had already, by index. */
  readonly onCopy?: (receiver: number, sender: number) => void
}

export const gossipDefaults: GossipSettings = {
  degree: 6,
  degreeMin: 4,
  degreeMax: 12,
  dials: 8,
  lazyDegree: 6,
  lazyShare: 0.25,
  lazyRounds: 3,
  heartbeatMs: 1000,
  seenMs: 120_000,
  unwantedBytes: 512,
  floodPublish: true,
  invalidWeight: -10,
  invalidDecay: 0.3,
  graylist: -80,
}
