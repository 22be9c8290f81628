import { assert, type Millis, type PeerId, type Random } from '@infermesh/kernel'
import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from 'libp2p'
import type { HostLimits } from '../host-limits.ts'
import type { Timers } from '../host-options.ts'
import type { Shaping } from '../shaping/shaping.ts'

export interface DiallerInit {
  readonly node: Libp2p
  readonly addressesOf: (peer: PeerId) => readonly string[]
  readonly limits: Pick<HostLimits, 'dialTimeout' | 'redialMin' | 'redialMax'>
  readonly random: Random
  readonly timers: Timers
  readonly shaping: Shaping
}

/** Makes connections, and keeps those that it was asked to keep. */
export class Dialler {
  readonly #init: DiallerInit
  readonly #dialling = new Map<PeerId, Promise<Connection>>()
  readonly #kept = new Map<PeerId, Kept>()
  #stopped = false

  constructor(init: DiallerInit) {
    this.#init = init
  }

  connection(peer: PeerId): Connection | undefined {
    return this.#init.node.getConnections(peerIdFromString(peer)).find((connection) => connection.status === 'open')
  }

  /** The connection there is, or a new one. Calls for one peer share one dial. */
  connect(peer: PeerId): Promise<Connection> {
    const connection = this.connection(peer)
    if (connection !== undefined) return Promise.resolve(connection)
    const known = this.#dialling.get(peer)
    if (known !== undefined) return known
    const dialling = this.#dial(peer).finally(() => this.#dialling.delete(peer))
    this.#dialling.set(peer, dialling)
    return dialling
  }

  /** Connects and goes on connecting. Rejects when the first try fails. */
  async keep(peer: PeerId): Promise<void> {
    const kept = this.#kept.get(peer) ?? { tries: 0, unset: undefined }
    this.#kept.set(peer, kept)
    await this.#try(peer, kept)
  }

  /** Something changed for the better: a kept peer that is waited for is tried at once. */
  retry(peer: PeerId): void {
    const kept = this.#kept.get(peer)
    if (kept?.unset === undefined) return
    kept.unset()
    kept.unset = undefined
    kept.tries = 0
    this.#tryAgain(peer, kept)
  }

  retryAll(): void {
    for (const peer of [...this.#kept.keys()]) this.retry(peer)
  }

  release(peer: PeerId): void {
    this.#kept.get(peer)?.unset?.()
    this.#kept.delete(peer)
  }

  onDisconnected(peer: PeerId): void {
    const kept = this.#kept.get(peer)
    if (kept !== undefined) this.#tryLater(peer, kept)
  }

  stop(): void {
    this.#stopped = true
    for (const peer of [...this.#kept.keys()]) this.release(peer)
  }

  async #dial(peer: PeerId): Promise<Connection> {
    const link = this.#init.shaping.of(peer)
    if (!link.isPlain()) await link.opens(this.#init.limits.dialTimeout)
    const addresses = this.#init.addressesOf(peer)
    if (addresses.length === 0) throw new Error(`no address of ${peer} is known`)
    return this.#init.node.dial(addresses.map((address) => withPeer(address, peer)))
  }

  async #try(peer: PeerId, kept: Kept): Promise<void> {
    try {
      await this.connect(peer)
      kept.tries = 0
    } catch (error) {
      this.#tryLater(peer, kept)
      throw error
    }
  }

  #tryLater(peer: PeerId, kept: Kept): void {
    if (this.#stopped || kept.unset !== undefined || this.#kept.get(peer) !== kept) return
    kept.unset = this.#init.timers.after(this.#pause(kept), () => {
      kept.unset = undefined
      this.#tryAgain(peer, kept)
    })
  }

  #tryAgain(peer: PeerId, kept: Kept): void {
    // The failure has scheduled the next try.
    this.#try(peer, kept).catch(() => undefined)
  }

  /** Doubles with each failure; half of it is drawn, so that the two ends of a link don't redial in step. */
  #pause(kept: Kept): Millis {
    const { redialMin, redialMax } = this.#init.limits
    assert(redialMin > 0, 'the shortest pause before a redial must be positive')
    const whole = Math.min(redialMax, redialMin * 2 ** Math.min(kept.tries, 20))
    kept.tries++
    return Math.round(whole * (0.5 + this.#init.random.next() / 2))
  }
}

interface Kept {
  tries: number
  unset: (() => void) | undefined
}

function withPeer(address: string, peer: PeerId): Multiaddr {
  return multiaddr(address.includes('/p2p/') ? address : `${address}/p2p/${peer}`)
}
