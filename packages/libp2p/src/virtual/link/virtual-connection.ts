import type { Connection, Logger, MessageStreamDirection } from '@libp2p/interface'
import { AbstractMultiaddrConnection } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import type { Parcel, PipeEnd, PipeListener } from './pipe.ts'

export interface VirtualConnectionInit {
  readonly end: PipeEnd
  readonly direction: MessageStreamDirection
  readonly remoteAddr: Multiaddr
  readonly log: Logger
}

/** A connection as libp2p sees a socket. Bytes pass through it only where Noise and Yamux run above it. */
export class VirtualConnection extends AbstractMultiaddrConnection implements PipeListener {
  readonly #end: PipeEnd

  constructor(init: VirtualConnectionInit) {
    super({ log: init.log, direction: init.direction, remoteAddr: init.remoteAddr })
    this.#end = init.end
    init.end.listener = this
    ends.set(this.timeline, init.end)
  }

  closedByRemote(): void {
    this.onTransportClosed()
  }

  resetByRemote(): void {
    if (this.status === 'open' || this.status === 'closing') this.onRemoteReset()
  }

  roomAgain(): void {
    this.safeDispatchEvent('drain')
  }

  override sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const canSendMore = this.#end.send(new Chunk(data), this.#end.all)
    return { sentBytes: data.byteLength, canSendMore }
  }

  override async sendClose(): Promise<void> {
    this.#end.pipe.end(this.#end, 'closed')
  }

  override sendReset(): void {
    this.#end.pipe.end(this.#end, 'reset')
  }

  // What is paused here is read later all the same: the link has no window.
  override sendPause(): void {}

  override sendResume(): void {}
}

/** By what a libp2p connection shares with the socket under it. */
const ends = new WeakMap<object, PipeEnd>()

export const endOf = (connection: Connection): PipeEnd | undefined => ends.get(connection.timeline)

class Chunk implements Parcel {
  readonly bytes: number
  readonly #data: Uint8ArrayList

  constructor(data: Uint8ArrayList) {
    this.bytes = data.byteLength
    this.#data = new Uint8ArrayList(data)
  }

  deliver(to: PipeEnd): void {
    if (to.listener instanceof VirtualConnection) to.listener.onData(this.#data)
  }
}
