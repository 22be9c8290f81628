import type { PeerId } from '@infermesh/kernel'
import type { PeerAddress } from '../peer/host.ts'

/**
 * Tells every process where every peer is. News waits until no more has come for a moment and goes out in one message a process,
 * except that a process about to dial is told first.
 */
export class AddressBook {
  readonly #send: (process: string, peers: readonly PeerAddress[]) => void
  readonly #known = new Map<PeerId, PeerAddress>()
  readonly #unsent = new Map<string, PeerAddress[]>()
  #timer: NodeJS.Timeout | undefined
  #oldest: number | undefined

  constructor(send: (process: string, peers: readonly PeerAddress[]) => void) {
    this.#send = send
  }

  join(process: string): void {
    this.#unsent.set(process, [...this.#known.values()])
    this.#schedule()
  }

  leave(process: string): void {
    this.#unsent.delete(process)
  }

  publish(peers: readonly PeerAddress[]): void {
    for (const { peerId, addresses } of peers) {
      const address = { peerId, addresses }
      this.#known.set(peerId, address)
      for (const unsent of this.#unsent.values()) unsent.push(address)
    }
    this.#schedule()
  }

  flush(process: string): void {
    const unsent = this.#unsent.get(process)
    if (unsent === undefined || unsent.length === 0) return
    this.#send(process, unsent)
    this.#unsent.set(process, [])
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#unsent.clear()
  }

  #schedule(): void {
    const now = performance.now()
    this.#oldest ??= now
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#tell(), Math.max(0, Math.min(quietMs, this.#oldest + patienceMs - now)))
  }

  #tell(): void {
    this.#oldest = undefined
    for (const process of this.#unsent.keys()) this.flush(process)
  }
}

/** A hundred peers that start within ten seconds would otherwise read a message each about each other. */
const quietMs = 100
const patienceMs = 1_000
