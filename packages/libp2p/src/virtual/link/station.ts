import type { PeerId as PeerIdText, Random } from '@infermesh/kernel'
import { Line } from '@infermesh/sim'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Owner } from '../clock/owner.ts'
import type { PipeEnd } from './pipe.ts'

/** Takes in connections at a station. */
export interface Reception {
  accept(end: PipeEnd): void
}

/** A peer's place in the network, whether or not the peer is up. */
export class Station {
  readonly index: number
  readonly name: string
  readonly peerId: PeerId
  /** With the peer's id, as libp2p wants it; parsed once for all connections. */
  readonly address: Multiaddr
  /** Draws what happens to this peer's messages, so that another peer's traffic does not shift it. */
  readonly random: Random
  readonly up = new Line()
  readonly down = new Line()
  /** The peer's present life. */
  owner: Owner | undefined
  reception: Reception | undefined
  readonly ends = new Set<PipeEnd>()

  constructor(init: { readonly index: number; readonly name: string; readonly peerId: PeerIdText; readonly random: Random }) {
    this.index = init.index
    this.name = init.name
    this.peerId = peerIdFromString(init.peerId)
    this.address = multiaddr(`${addressOf(init.name)}/p2p/${init.peerId}`)
    this.random = init.random
  }

  isUp(): boolean {
    return this.owner !== undefined && !this.owner.isDead
  }
}

/** Where a peer of a virtual network listens. */
export const addressOf = (name: string): string => `/memory/${name}`
