import {
  type Address,
  type Libp2pEvents,
  NotFoundError,
  type Peer,
  type PeerData,
  type PeerId,
  type PeerInfo,
  type PeerQuery,
  type PeerStore,
  type Tag,
  type TagOptions,
  type TypedEventTarget,
} from '@libp2p/interface'

export interface BookComponents {
  readonly peerId: PeerId
  readonly events: TypedEventTarget<Libp2pEvents>
  peerStore: PeerStore
}

/**
 * What libp2p notes about other peers, as plain objects. Its own store locks, encodes and decodes a record in a datastore each time
 * a stream is opened, for the sake of a disk that no host here uses: where a peer lives is the dialler's to know. Tags don't expire.
 */
export class PeerBook implements PeerStore {
  readonly #components: BookComponents
  readonly #peers = new Map<string, Peer>()

  constructor(components: BookComponents) {
    this.#components = components
    components.peerStore = this
  }

  async forEach(fn: (peer: Peer) => void, query?: PeerQuery): Promise<void> {
    for (const peer of await this.all(query)) fn(peer)
  }

  async all({ filters = [], orders = [], offset = 0, limit }: PeerQuery = {}): Promise<Peer[]> {
    const self = this.#components.peerId
    const found = [...this.#peers.values()].filter((peer) => !peer.id.equals(self) && filters.every((filter) => filter(peer)))
    for (const order of orders) found.sort(order)
    return found.slice(offset, limit === undefined ? undefined : offset + limit)
  }

  async delete(id: PeerId): Promise<void> {
    this.#peers.delete(id.toString())
  }

  async has(id: PeerId): Promise<boolean> {
    return this.#peers.has(id.toString())
  }

  async get(id: PeerId): Promise<Peer> {
    const peer = this.#peers.get(id.toString())
    if (peer === undefined) throw new NotFoundError(`nothing is noted about ${id.toString()}`)
    return peer
  }

  async getInfo(id: PeerId): Promise<PeerInfo> {
    const { addresses } = await this.get(id)
    return { id, multiaddrs: addresses.map(({ multiaddr }) => multiaddr) }
  }

  async save(id: PeerId, data: PeerData): Promise<Peer> {
    return this.#write(id, withData(blank(id), data, 'replace'))
  }

  async patch(id: PeerId, data: PeerData): Promise<Peer> {
    return this.#write(id, withData(this.#peers.get(id.toString()) ?? blank(id), data, 'replace'))
  }

  async merge(id: PeerId, data: PeerData): Promise<Peer> {
    const known = this.#peers.get(id.toString())
    if (known !== undefined && isNoted(known, data)) return known
    return this.#write(id, withData(known ?? blank(id), data, 'join'))
  }

  /** Signed records come with an identification, which hosts here don't make. */
  async consumePeerRecord(): Promise<boolean> {
    return false
  }

  #write(id: PeerId, peer: Peer): Peer {
    const { events, peerId } = this.#components
    const key = id.toString()
    const previous = this.#peers.get(key)
    this.#peers.set(key, peer)
    const detail = previous === undefined ? { peer } : { peer, previous }
    events.safeDispatchEvent(id.equals(peerId) ? 'self:peer:update' : 'peer:update', { detail })
    return peer
  }
}

const blank = (id: PeerId): Peer => ({ id, addresses: [], protocols: [], metadata: new Map(), tags: new Map() })

/** The commonest merge says for each new stream that the peer speaks a protocol which it is known to speak. */
function isNoted(peer: Peer, { protocols = [], multiaddrs = [], addresses = [], metadata, tags, peerRecordEnvelope }: PeerData): boolean {
  if (metadata !== undefined || tags !== undefined || peerRecordEnvelope !== undefined) return false
  const noted = (address: Address['multiaddr']) => peer.addresses.some(({ multiaddr }) => multiaddr.equals(address))
  return (
    protocols.every((protocol) => peer.protocols.includes(protocol)) &&
    multiaddrs.every(noted) &&
    addresses.every(({ multiaddr }) => noted(multiaddr))
  )
}

function withData(peer: Peer, data: PeerData, how: 'replace' | 'join'): Peer {
  const joins = how === 'join'
  const addresses = data.addresses ?? data.multiaddrs?.map((multiaddr) => ({ multiaddr, isCertified: false }))
  const envelope = data.peerRecordEnvelope ?? peer.peerRecordEnvelope
  return {
    id: peer.id,
    addresses: addresses === undefined ? peer.addresses : distinct(joins ? [...peer.addresses, ...addresses] : addresses),
    protocols:
      data.protocols === undefined ? peer.protocols : [...new Set(joins ? [...peer.protocols, ...data.protocols] : data.protocols)],
    metadata: withEntries<Uint8Array, Uint8Array>(joins ? peer.metadata : new Map(), data.metadata, (value) => value) ?? peer.metadata,
    tags: withEntries<TagOptions, Tag>(joins ? peer.tags : new Map(), data.tags, ({ value = 0 }) => ({ value })) ?? peer.tags,
    ...(envelope === undefined ? {} : { peerRecordEnvelope: envelope }),
  }
}

function distinct(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((address) => [address.multiaddr.toString(), address])).values()]
}

type Entries<T> = ReadonlyMap<string, T | undefined> | Readonly<Record<string, T | undefined>>

/** An entry without a value removes what is there. */
function withEntries<T, U>(
  known: ReadonlyMap<string, U>,
  data: Entries<T> | undefined,
  taken: (value: T) => U,
): Map<string, U> | undefined {
  if (data === undefined) return undefined
  const entries = new Map(known)
  for (const [key, value] of data instanceof Map ? data : Object.entries(data)) {
    if (value === undefined) entries.delete(key)
    else entries.set(key, taken(value))
  }
  return entries
}
