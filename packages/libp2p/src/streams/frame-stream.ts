import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { decodeFrame, encodeFrame, type Frame, HEADER_BYTES } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { OutboundQueue, type OutboundQueueInit, type Pushed } from './outbound-queue.ts'

export interface FrameStreamInit extends Omit<OutboundQueueInit, 'onBroken'> {
  readonly messageBytesMax: number
  /** Sends now, or at the end of the machine's turn. */
  readonly schedule: (queue: OutboundQueue) => void
  /** Takes in what arrived as fast as this host's line lets it. */
  readonly admit: (bytes: number, take: () => void) => void
  /** Takes in all that arrived together before the machine's turn begins. */
  readonly gather: (fill: () => void) => void
  readonly onReceived: (bytes: number) => void
  readonly onFrame: (frame: Frame) => void
  /** The stream is over, for whatever reason; said once. */
  readonly onClosed: (reason: string) => void
}

/** Frames both ways over one libp2p stream, which may come later than the first frames. */
export class FrameStream {
  readonly #init: FrameStreamInit
  readonly #queue: OutboundQueue
  #stream: Stream | undefined
  #closed = false

  constructor(init: FrameStreamInit) {
    this.#init = init
    this.#queue = new OutboundQueue({ ...init, onBroken: (error) => this.close(error.message) })
  }

  attach(stream: Stream): void {
    if (this.#closed) {
      stream.abort(new Error('no longer needed'))
      return
    }
    this.#stream = stream
    stream.addEventListener('drain', () => this.#queue.drained())
    const { admit, gather } = this.#init
    stream.addEventListener('end', () => admit(0, () => this.close(CLOSED_BY_REMOTE)))
    stream.addEventListener('close', () => this.close('the stream was reset'))
    const reader = new FrameReader(this.#init.messageBytesMax + HEADER_BYTES)
    stream.addEventListener('message', ({ data }) => admit(data.byteLength, () => gather(() => this.#read(reader, data))))
    if (stream.readableEnded) this.close(CLOSED_BY_REMOTE)
    else this.#queue.attach(stream)
  }

  /** False when the queue is full and the frame was not taken. */
  push(frame: Frame, options?: Pushed): boolean {
    if (this.#closed) return true
    const pushed = this.#queue.push(encode.single(encodeFrame(frame)), options)
    if (pushed === 'queued') this.#init.schedule(this.#queue)
    return pushed !== 'full'
  }

  /** True when the frame with this tag was still here and is now gone. */
  remove(tag: number): boolean {
    return this.#queue.remove(tag)
  }

  bytesQueued(): number {
    return this.#queue.bytes()
  }

  close(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue.stop()
    this.#stream?.abort(new Error(reason))
    this.#init.onClosed(reason)
  }

  #read(reader: FrameReader, bytes: StreamMessageEvent['data']): void {
    try {
      for (const frame of reader.read(bytes)) {
        if (this.#closed) return
        this.#init.onReceived(frame.byteLength)
        this.#init.onFrame(decodeFrame(frame))
      }
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error))
    }
  }
}

const CLOSED_BY_REMOTE = 'the other end closed the stream'
