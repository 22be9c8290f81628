import { AbstractStream, type AbstractStreamInit } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { sendGossip } from './gossip-freight.ts'
import type { Lane, Parcel, PipeEnd } from './pipe.ts'

export interface VirtualStreamInit extends AbstractStreamInit {
  readonly end: PipeEnd
}

/** What a frame's header would take on a wire. */
const HEADER_BYTES = 12

/** What gossipsub's protocol names begin with. */
const GOSSIP = '/meshsub/'

type Signal = 'closeWrite' | 'closeRead' | 'reset'

/** One side of a stream: a lane of the connection's pipe. */
export class VirtualStream extends AbstractStream implements Lane {
  lastArrival = 0
  /** The other side, once it is known to exist. */
  remote: VirtualStream | undefined
  readonly #end: PipeEnd

  constructor(init: VirtualStreamInit) {
    super(init)
    this.#end = init.end
  }

  override sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const end = this.#end
    const isJudged = !end.pipe.network.rules.isEmpty() && this.protocol.startsWith(GOSSIP)
    const canSendMore = isJudged
      ? sendGossip({ end, lane: this, parcel: (bytes) => new Data(this, bytes) }, data)
      : end.send(new Data(this, data), this)
    return { sentBytes: data.byteLength, canSendMore }
  }

  override sendReset(): void {
    this.#signal('reset')
  }

  override async sendCloseWrite(): Promise<void> {
    this.#signal('closeWrite')
  }

  override async sendCloseRead(): Promise<void> {
    this.#signal('closeRead')
  }

  // What is paused here is read later all the same: the link has no window.
  override sendPause(): void {}

  override sendResume(): void {}

  #signal(signal: Signal): void {
    this.#end.send(new SignalParcel(this, signal), this)
  }
}

class Data implements Parcel {
  readonly bytes: number
  readonly #from: VirtualStream
  readonly #data: Uint8ArrayList

  constructor(from: VirtualStream, data: Uint8ArrayList) {
    this.bytes = data.byteLength + HEADER_BYTES
    this.#from = from
    this.#data = new Uint8ArrayList(data)
  }

  deliver(): void {
    this.#from.remote?.onData(this.#data)
  }
}

class SignalParcel implements Parcel {
  readonly bytes = HEADER_BYTES
  readonly #from: VirtualStream
  readonly #signal: Signal

  constructor(from: VirtualStream, signal: Signal) {
    this.#from = from
    this.#signal = signal
  }

  deliver(): void {
    const { remote } = this.#from
    if (remote === undefined || remote.status !== 'open') return
    if (this.#signal === 'closeWrite') remote.onRemoteCloseWrite()
    else if (this.#signal === 'closeRead') remote.onRemoteCloseRead()
    else remote.onRemoteReset()
  }
}
