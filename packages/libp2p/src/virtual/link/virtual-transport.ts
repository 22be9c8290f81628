import {
  AbortError,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type Logger,
  serviceCapabilities,
  type Transport,
  transportSymbol,
  type UpgraderOptions,
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Owner } from '../clock/owner.ts'
import { connect } from './dial.ts'
import type { PipeEnd } from './pipe.ts'
import type { Station } from './station.ts'
import { VirtualConnection } from './virtual-connection.ts'
import { VirtualListener } from './virtual-listener.ts'
import { virtualMuxer } from './virtual-muxer.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** `plain` carries streams as they are; `full` runs Noise and Yamux over the same links. */
export type Wire = 'plain' | 'full'

export interface VirtualTransportInit {
  readonly network: VirtualNetwork
  readonly station: Station
  readonly owner: Owner
  readonly wire: Wire
  readonly log: Logger
}

/** A libp2p transport whose connections are pipes of a virtual network. */
export class VirtualTransport implements Transport {
  readonly [transportSymbol] = true as const
  readonly [Symbol.toStringTag] = '@infermesh/virtual'
  readonly [serviceCapabilities] = ['@libp2p/transport']
  readonly #init: VirtualTransportInit

  constructor(init: VirtualTransportInit) {
    this.#init = init
  }

  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    const { network, log } = this.#init
    const target = network.station(nameIn(address))
    if (target === undefined) throw new Error(`no peer of this world listens at ${address}`)
    options.signal.throwIfAborted()
    const end = await this.#connected(target, options.signal)
    const connection = new VirtualConnection({ end, direction: 'outbound', remoteAddr: target.address, log })
    try {
      return await options.upgrader.upgradeOutbound(connection, this.upgrade(end, target, options))
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  createListener(options: CreateListenerOptions): Listener {
    return new VirtualListener(this.#init.station, (end) => {
      const from = end.pipe.other(end).station
      const connection = new VirtualConnection({ end, direction: 'inbound', remoteAddr: from.address, log: this.#init.log })
      const { signal } = new AbortController()
      options.upgrader.upgradeInbound(connection, this.upgrade(end, from, { signal })).catch((error: Error) => connection.abort(error))
    })
  }

  /** The options that keep libp2p from encrypting and negotiating what needs neither. */
  upgrade(end: PipeEnd, remote: Station, options: UpgraderOptions): UpgraderOptions {
    if (this.#init.wire === 'full') return options
    const plain = { skipEncryption: true, skipProtection: true, remotePeer: remote.peerId, muxerFactory: virtualMuxer(end) }
    return { ...options, ...plain }
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => address.getComponents()[0]?.name === 'memory')
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.listenFilter(addresses)
  }

  #connected(target: Station, signal: AbortSignal): Promise<PipeEnd> {
    const { network, station, owner } = this.#init
    return new Promise((resolve, reject) => {
      const onAbort = () => attempt.abandon(new AbortError())
      const attempt = connect(network, { station, owner, target }, (outcome) => {
        signal.removeEventListener('abort', onAbort)
        if (outcome instanceof Error) reject(outcome)
        else resolve(outcome)
      })
      signal.addEventListener('abort', onAbort)
    })
  }
}

const nameIn = (address: Multiaddr): string => address.getComponents()[0]?.value ?? ''
