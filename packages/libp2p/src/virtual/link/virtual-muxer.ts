import type { CreateStreamOptions, MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { AbstractStreamMuxer } from '@libp2p/utils'
import type { Parcel, PipeEnd } from './pipe.ts'
import { VirtualStream } from './virtual-stream.ts'

const PROTOCOL = '/infermesh/virtual/1'

/** Streams over a pipe: each has a lane of its own, and a stream for one protocol needs no negotiation. */
export class VirtualMuxer extends AbstractStreamMuxer<VirtualStream> {
  readonly #end: PipeEnd
  #opened = 0

  constructor(connection: MessageStream, end: PipeEnd) {
    super(connection, { protocol: PROTOCOL, name: 'virtual' })
    this.#end = end
    muxers.set(end, this)
  }

  override onCreateStream(options: CreateStreamOptions): VirtualStream {
    const stream = new VirtualStream({ ...options, id: `${++this.#opened}`, direction: 'outbound', log: this.log, end: this.#end })
    this.#end.send(new Opening(stream), stream)
    return stream
  }

  /** The other end opened a stream, for a protocol that is named or still to be negotiated. */
  accept(opened: VirtualStream, protocol: string): void {
    const stream = new VirtualStream({ id: opened.id, direction: 'inbound', log: this.log, end: this.#end, protocol })
    opened.remote = stream
    stream.remote = opened
    this.onRemoteStream(stream)
  }

  override onData(): void {
    throw new Error('a virtual muxer gets parcels, not bytes')
  }
}

class Opening implements Parcel {
  readonly bytes = 12
  readonly #stream: VirtualStream
  readonly #protocol: string

  constructor(stream: VirtualStream) {
    this.#stream = stream
    this.#protocol = stream.protocol
  }

  deliver(to: PipeEnd): void {
    muxers.get(to)?.accept(this.#stream, this.#protocol)
  }
}

const muxers = new WeakMap<PipeEnd, VirtualMuxer>()

export const virtualMuxer = (end: PipeEnd): StreamMuxerFactory => ({
  protocol: PROTOCOL,
  createStreamMuxer: (connection) => new VirtualMuxer(connection, end),
})
