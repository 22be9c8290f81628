import { type Connection, type Libp2pEvents, type PeerStore, serviceCapabilities, type TypedEventTarget } from '@libp2p/interface'
import type { Parcel, PipeEnd } from './pipe.ts'

interface IdentifyComponents {
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly registrar: { getProtocols(): string[] }
  readonly peerStore: PeerStore
}

/**
 * Tells the other end which protocols this one speaks, as soon as there is a connection. Libp2p's own service does the same with
 * two streams, a signed record and two checks of it, for strangers; here the transport vouches for who is at the other end.
 */
export class VirtualIdentify {
  readonly [serviceCapabilities] = ['@libp2p/identify']
  readonly #components: IdentifyComponents
  readonly #endOf: (connection: Connection) => PipeEnd | undefined

  constructor(components: IdentifyComponents, endOf: (connection: Connection) => PipeEnd | undefined) {
    this.#components = components
    this.#endOf = endOf
    components.events.addEventListener('connection:open', (event) => this.#onOpen(event.detail))
  }

  #onOpen(connection: Connection): void {
    const end = this.#endOf(connection)
    if (end === undefined) return
    end.onIdentity = (protocols) => void this.#take(connection, protocols)
    end.send(new Identity(this.#components.registrar.getProtocols()), end.all)
  }

  async #take(connection: Connection, protocols: string[]): Promise<void> {
    const { peerStore, events } = this.#components
    const peerId = connection.remotePeer
    await peerStore.merge(peerId, { protocols })
    events.safeDispatchEvent('peer:identify', { detail: { peerId, protocols, listenAddrs: [], connection } })
  }
}

class Identity implements Parcel {
  readonly bytes: number
  readonly #protocols: string[]

  constructor(protocols: string[]) {
    this.#protocols = protocols
    this.bytes = protocols.reduce((sum, protocol) => sum + protocol.length, 64)
  }

  deliver(to: PipeEnd): void {
    to.onIdentity?.(this.#protocols)
  }
}
