import { type AnyMessage, assert, type Input, type PeerId } from '@infermesh/kernel'
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { AskOptions, Host, HostOptions, HostStats } from './host-options.ts'
import { type LocalParts, localParts, type NetworkParts, networkParts } from './host-parts.ts'
import type { Node } from './network/node.ts'
import { performer } from './performer.ts'
import { type LinkControl, linkControl } from './shaping/link-control.ts'
import { PROBE_PROTOCOL, ProbeDesk } from './shaping/probe-desk.ts'
import { CallTable } from './streams/call-table.ts'
import { frameStreamInit } from './streams/frame-stream-init.ts'
import { ServingTable } from './streams/serving-table.ts'

/** A host that is not started yet. */
export const createHost = (options: HostOptions): Host => new Libp2pHost(options)

class Libp2pHost implements Host {
  readonly #options: HostOptions
  readonly #local: LocalParts
  readonly #calls: CallTable
  readonly #serving: ServingTable
  readonly #probes: ProbeDesk
  readonly links: LinkControl
  #perform: ReturnType<typeof performer> | undefined
  #network: NetworkParts | undefined
  #state: 'new' | 'running' | 'stopped' = 'new'

  constructor(options: HostOptions) {
    this.#options = options
    this.#local = localParts({
      options,
      perform: (effect) => this.#perform?.(effect),
      onFatal: (error, input) => this.#onFatal(error, input),
      sever: (peer, reason) => this.#sever(peer, reason),
    })
    const { context, requests } = this.#local
    this.#calls = new CallTable({ context, requests, openStream: (peer, name) => this.#openStream(peer, name) })
    this.#serving = new ServingTable(context, requests)
    this.#probes = new ProbeDesk({
      shaping: context.shaping,
      queueInit: (peer) => frameStreamInit(context, peer),
      openStream: (peer) => this.#openProtocol(peer, PROBE_PROTOCOL),
      onArrival: (id, at) => options.onProbe?.(id, at),
    })
    this.links = linkControl(context.shaping, this.#probes)
  }

  async start(): Promise<void> {
    assert(this.#state === 'new', `host ${this.#options.name} starts once; a restarted peer is a new host`)
    this.#state = 'running'
    const saved = this.#options.store.load()
    const network = await networkParts(this.#options, this.#local)
    this.#network = network
    this.#perform = performer(this.#options, { ...this.#local, calls: this.#calls, gossip: network.gossip })
    await this.#listen(network)
    this.#local.loop.begin(saved)
  }

  addresses(): readonly string[] {
    return this.#network?.node.getMultiaddrs().map(String) ?? []
  }

  know(peer: PeerId, addresses: readonly string[]): void {
    this.#local.addresses.set(peer, addresses)
    this.#network?.dialler.retry(peer)
  }

  dial(peer: PeerId): Promise<void> {
    return this.#started().dialler.keep(peer)
  }

  async release(peer: PeerId): Promise<void> {
    const { dialler, node } = this.#started()
    dialler.release(peer)
    await node.hangUp(peerIdFromString(peer))
  }

  connections(): readonly PeerId[] {
    return this.#network?.node.getPeers().map(String) ?? []
  }

  meshPeers(topic: string): readonly PeerId[] {
    return this.#network?.gossip.meshPeers(topic) ?? []
  }

  gossipScore(peer: PeerId): number {
    return this.#network?.gossip.score(peer) ?? 0
  }

  inject(input: Input): void {
    this.#local.loop.push(input)
  }

  hear(from: PeerId, topic: string, bytes: Uint8Array): void {
    this.#network?.gossip.hear(from, topic, bytes)
  }

  ask(stream: string, message: AnyMessage, options: AskOptions = {}): AsyncIterableIterator<AnyMessage> {
    return this.#local.asks.open({ stream, message, options })
  }

  stats(): HostStats {
    const { dropped, inputs, effects, framesSent, framesReceived, bytesSent, bytesReceived, ...gossip } = this.#local.context.counters
    const { gossipPublished, gossipDelivered, gossipRejected } = gossip
    return {
      inputs,
      effects,
      framesSent,
      framesReceived,
      bytesSent,
      bytesReceived,
      gossipPublished,
      gossipDelivered,
      gossipRejected,
      dropped: Object.fromEntries(dropped),
      callsOpen: this.#calls.size(),
      requestsOpen: this.#local.requests.size(),
      connections: this.connections().length,
      bytesQueued: this.#calls.bytesQueued() + this.#serving.bytesQueued(),
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    const { loop, timers, jobs, asks, context } = this.#local
    loop.stop()
    timers.stop()
    jobs.stop()
    asks.stop()
    this.#network?.dialler.stop()
    this.#calls.stop()
    this.#serving.stop()
    context.counters.stop()
    if (this.#network !== undefined) await stopNode(this.#network.node)
    this.#options.store.close()
  }

  async #listen({ node, dialler }: NetworkParts): Promise<void> {
    const limits = { maxInboundStreams: STREAMS_MAX, maxOutboundStreams: STREAMS_MAX }
    for (const name of this.#options.streams) {
      await node.handle(
        protocolOf(name),
        (stream, connection) => this.#serving.accept(connection.remotePeer.toString(), name, stream),
        limits,
      )
    }
    await node.handle(PROBE_PROTOCOL, (stream) => this.#probes.accept(stream), limits)
    node.addEventListener('peer:disconnect', (event) => {
      const peer = event.detail.toString()
      dialler.onDisconnected(peer)
      this.#onPeerLost(peer)
    })
    await node.start()
  }

  #onPeerLost(peer: PeerId): void {
    if (this.#state !== 'running' || this.#network?.dialler.connection(peer) !== undefined) return
    this.#calls.disconnected(peer, 'the connection was lost')
    this.#serving.disconnected(peer, 'the connection was lost')
    this.#local.loop.push({ type: 'peerLost', peer })
  }

  #openStream(peer: PeerId, name: string): Promise<Stream> {
    return this.#openProtocol(peer, protocolOf(name))
  }

  async #openProtocol(peer: PeerId, protocol: string): Promise<Stream> {
    const connection = await this.#started().dialler.connect(peer)
    return connection.newStream(protocol)
  }

  /** Not at once: whoever sends is in the middle of it. */
  #sever(peer: PeerId, reason: string): boolean {
    const connections = this.#network?.node.getConnections(peerIdFromString(peer)) ?? []
    queueMicrotask(() => {
      for (const connection of connections) connection.abort(new Error(reason))
    })
    return connections.length > 0
  }

  #started(): NetworkParts {
    assert(this.#network !== undefined, `host ${this.#options.name} must be started first`)
    return this.#network
  }

  #onFatal(error: Error, input: Input | undefined): void {
    this.#options.onFatal(error, input)
    // The first error is the one to tell; a store that is broken may not even close.
    this.stop().catch(() => undefined)
  }
}

/** Two peers that stop at once would each wait half a second for the other to close its streams. */
async function stopNode(node: Node): Promise<void> {
  const close = async (connection: Connection) => {
    try {
      await connection.close({ signal: AbortSignal.timeout(GRACE) })
    } catch {
      connection.abort(new Error('the host stops'))
    }
  }
  await Promise.all(node.getConnections().map(close))
  await node.stop()
}

const protocolOf = (stream: string): string => `/infermesh/1/${stream}`

const GRACE = 100

/** For each connection and name. Peers open one; a second may overlap while the first one closes. */
const STREAMS_MAX = 4
