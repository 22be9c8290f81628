import type { PeerId } from '@infermesh/kernel'
import type { MeshState } from '../peer/host.ts'

/**
 * Knows from the peers' own reports whether the network stands: every running peer has each link that the topology wants between
 * running peers, and a mesh neighbour in each topic that another running peer subscribes to as well.
 */
export class MeshWatch {
  readonly #peers = new Map<string, Watched>()
  readonly #subscribers = new Map<string, number>()

  /** `links`: the names this peer dials. */
  join(name: string, links: readonly string[]): void {
    this.#peers.set(name, { links, awaited: true, peerId: undefined, reported: false, connections: new Set(), topics: {} })
  }

  /** The peer is about to start: the network doesn't stand without it. */
  expect(name: string): void {
    const peer = this.#peers.get(name)
    if (peer) peer.awaited = true
  }

  up(name: string, peerId: PeerId): void {
    const peer = this.#peers.get(name)
    if (!peer) return
    peer.awaited = false
    peer.peerId = peerId
  }

  down(name: string): void {
    const peer = this.#peers.get(name)
    if (!peer) return
    this.#count(peer.topics, -1)
    // Those it was connected with will notice soon; until then their word for it is out of date.
    if (peer.peerId !== undefined) for (const other of this.#peers.values()) other.connections.delete(peer.peerId)
    peer.awaited = false
    peer.peerId = undefined
    peer.reported = false
    peer.connections = new Set()
    peer.topics = {}
  }

  update(name: string, state: MeshState): void {
    const peer = this.#peers.get(name)
    if (!peer) return
    this.#count(peer.topics, -1)
    peer.reported = true
    peer.connections = new Set(state.connections)
    peer.topics = state.topics
    this.#count(peer.topics, 1)
  }

  running(): number {
    let count = 0
    for (const peer of this.#peers.values()) if (peer.peerId !== undefined) count++
    return count
  }

  /** What still lacks, one line each, at most `limit` of them. Empty when the network stands. */
  missing(limit: number): readonly string[] {
    const lines: string[] = []
    for (const [name, peer] of this.#peers) {
      if (peer.awaited) lines.push(`${name} has not started yet`)
      else if (peer.peerId !== undefined && !peer.reported) lines.push(`${name} has not reported its connections yet`)
      lines.push(...this.#missingLinks(name, peer), ...this.#missingTopics(name, peer))
      if (lines.length >= limit) return lines.slice(0, limit)
    }
    return lines
  }

  #missingLinks(name: string, peer: Watched): readonly string[] {
    const lines: string[] = []
    for (const link of peer.links) {
      const other = this.#peers.get(link)
      if (other?.peerId === undefined || peer.peerId === undefined) continue
      if (!peer.connections.has(other.peerId)) lines.push(`${name} is not connected with ${link}`)
    }
    return lines
  }

  #missingTopics(name: string, peer: Watched): readonly string[] {
    return Object.entries(peer.topics)
      .filter(([topic, neighbours]) => neighbours === 0 && (this.#subscribers.get(topic) ?? 0) > 1)
      .map(([topic]) => `${name} has no mesh neighbour in ${topic}`)
  }

  #count(topics: MeshState['topics'], by: number): void {
    for (const topic of Object.keys(topics)) this.#subscribers.set(topic, (this.#subscribers.get(topic) ?? 0) + by)
  }
}

interface Watched {
  readonly links: readonly string[]
  awaited: boolean
  peerId: PeerId | undefined
  reported: boolean
  connections: Set<PeerId>
  topics: MeshState['topics']
}
