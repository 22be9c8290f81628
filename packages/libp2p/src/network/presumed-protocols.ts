import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'

export interface PresumedComponents {
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly registrar: { getProtocols(): string[] }
}

/**
 * Takes it that whoever is at the other end speaks what this host speaks: every peer of a network runs the same host, and the
 * connection has proved its key. Asking would cost two streams, a signed record and a check of it for each end of each link, a
 * third of what starting a large network costs. A stranger that speaks less fails at the first stream, as an unreachable peer does.
 */
export class PresumedProtocols {
  readonly #components: PresumedComponents

  constructor(components: PresumedComponents) {
    this.#components = components
    components.events.addEventListener('connection:open', (event) => this.#onOpen(event.detail))
  }

  #onOpen(connection: Connection): void {
    const { events, registrar } = this.#components
    const detail = { peerId: connection.remotePeer, protocols: registrar.getProtocols(), listenAddrs: [], connection }
    events.safeDispatchEvent('peer:identify', { detail })
  }
}
