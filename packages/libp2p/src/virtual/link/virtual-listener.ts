import type { Listener, ListenerEvents } from '@libp2p/interface'
import { TypedEventEmitter } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PipeEnd } from './pipe.ts'
import type { Station } from './station.ts'

/** Takes in the connections of one station. */
export class VirtualListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #station: Station
  readonly #accept: (end: PipeEnd) => void
  #addresses: Multiaddr[] = []

  constructor(station: Station, accept: (end: PipeEnd) => void) {
    super()
    this.#station = station
    this.#accept = accept
  }

  async listen(address: Multiaddr): Promise<void> {
    this.#addresses = [address]
    this.#station.reception = { accept: this.#accept }
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    return this.#addresses
  }

  async close(): Promise<void> {
    this.#addresses = []
    this.#station.reception = undefined
    this.safeDispatchEvent('close')
  }

  updateAnnounceAddrs(): void {
    // The address is the peer's name and never changes.
  }
}
