import type { PeerId } from '@infermesh/kernel'
import type { Stream } from '@libp2p/interface'
import type { HostContext } from '../host-context.ts'
import type { RequestTable } from './request-table.ts'
import { ServingStream } from './serving-stream.ts'

/** The streams that other peers opened to this host. */
export class ServingTable {
  readonly #context: HostContext
  readonly #requests: RequestTable
  readonly #streams = new Map<PeerId, Set<ServingStream>>()

  constructor(context: HostContext, requests: RequestTable) {
    this.#context = context
    this.#requests = requests
  }

  accept(peer: PeerId, name: string, stream: Stream): void {
    const streams = this.#streams.get(peer) ?? new Set<ServingStream>()
    this.#streams.set(peer, streams)
    const serving = new ServingStream({
      peer,
      name,
      context: this.#context,
      requests: this.#requests,
      onClosed: (closed) => this.#forget(peer, closed),
    })
    streams.add(serving)
    serving.attach(stream)
  }

  bytesQueued(): number {
    let bytes = 0
    for (const streams of this.#streams.values()) for (const stream of streams) bytes += stream.bytesQueued()
    return bytes
  }

  disconnected(peer: PeerId, reason: string): void {
    for (const stream of [...(this.#streams.get(peer) ?? [])]) stream.close(reason)
  }

  stop(): void {
    for (const peer of [...this.#streams.keys()]) this.disconnected(peer, 'the host stops')
  }

  #forget(peer: PeerId, serving: ServingStream): void {
    const streams = this.#streams.get(peer)
    streams?.delete(serving)
    if (streams?.size === 0) this.#streams.delete(peer)
  }
}
