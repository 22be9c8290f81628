import { StreamMessageEvent } from '@libp2p/interface'
import { AbstractStream, type AbstractStreamInit } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
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

  /** Without the detour by the buffer, where it is empty and nothing keeps it from being emptied. */
  override send(data: Uint8Array | Uint8ArrayList): boolean {
    const isDirect = this.writeStatus === 'writable' && this.writeBuffer.byteLength === 0 && !this.writableNeedsDrain && !this.sendingData
    if (!isDirect) return super.send(data)
    const { canSendMore } = this.sendData(data)
    if (!canSendMore) this.writableNeedsDrain = true
    return canSendMore
  }

  override onData(data: Uint8Array | Uint8ArrayList): void {
    const isDirect = this.readStatus === 'readable' && this.readBuffer.byteLength === 0 && this.listenerCount('message') > 0
    if (!isDirect || this.remoteWriteStatus === 'closed') super.onData(data)
    else if (data.byteLength > 0) this.dispatchEvent(new StreamMessageEvent(data))
  }

  override sendData(data: Uint8Array | Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
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
  readonly #data: Uint8Array | Uint8ArrayList

  /** `data` is the sender's no more. */
  constructor(from: VirtualStream, data: Uint8Array | Uint8ArrayList) {
    this.bytes = data.byteLength + HEADER_BYTES
    this.#from = from
    this.#data = data
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
