import type { Millis, PeerId } from '@infermesh/kernel'
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { FrameReader } from '../streams/frame-reader.ts'
import { OutboundQueue, type OutboundQueueInit } from '../streams/outbound-queue.ts'
import type { Shaping } from './shaping.ts'

/** What probes travel by. */
export const PROBE_PROTOCOL = '/infermesh/probe/1'

export interface ProbeDeskInit {
  readonly shaping: Shaping
  /** The queue towards one peer, but for what is done when its stream breaks. */
  readonly queueInit: (peer: PeerId) => Omit<OutboundQueueInit, 'onBroken'>
  readonly openStream: (peer: PeerId) => Promise<Stream>
  /** A probe came in, at this time. */
  readonly onArrival: (id: number, at: number) => void
}

/** Sends probes the way that everything else goes, and notes those that arrive: the proof that a fault acts on real links. */
export class ProbeDesk {
  readonly #init: ProbeDeskInit
  readonly #lanes = new Map<PeerId, OutboundQueue>()

  constructor(init: ProbeDeskInit) {
    this.#init = init
  }

  async prepare(peer: PeerId): Promise<void> {
    if (this.#lanes.has(peer)) return
    const stream = await this.#init.openStream(peer)
    const queue = new OutboundQueue({ ...this.#init.queueInit(peer), onBroken: (error) => stream.abort(error) })
    stream.addEventListener('drain', () => queue.drained())
    stream.addEventListener('close', () => {
      queue.stop()
      if (this.#lanes.get(peer) === queue) this.#lanes.delete(peer)
    })
    queue.attach(stream)
    this.#lanes.set(peer, queue)
  }

  send(peer: PeerId, ids: readonly number[], bytes: number): Millis {
    const { shaping } = this.#init
    const { clock } = shaping.init
    const sentAt = clock.now()
    const queue = this.#lanes.get(peer)
    for (const id of queue === undefined ? [] : ids) {
      const link = shaping.of(peer)
      const extra = link.judge('control', bytes)
      if (extra < 0) continue
      const readyAt = link.admitted(bytes)
      const push = (): void => {
        queue?.push(frameOf(id, bytes), { readyAt: readyAt === 0 ? 0 : readyAt + extra })
        queue?.flush()
      }
      // Each for itself, as a message that others may overtake.
      if (extra > 0) clock.after(extra, push)
      else push()
    }
    return sentAt
  }

  accept(stream: Stream): void {
    const { shaping, onArrival } = this.#init
    const reader = new FrameReader(BYTES_MAX)
    const read = ({ data }: StreamMessageEvent): void => {
      try {
        for (const frame of reader.read(data)) {
          if (frame.byteLength >= ID_BYTES) onArrival(new DataView(frame.buffer, frame.byteOffset).getUint32(0), shaping.init.clock.now())
        }
      } catch (error) {
        stream.abort(error instanceof Error ? error : new Error(String(error)))
      }
    }
    stream.addEventListener('message', (event) => shaping.down.admit(event.data.byteLength, () => read(event)))
    stream.addEventListener('end', () => stream.abort(new Error('no more probes')))
  }
}

function frameOf(id: number, bytes: number): ReturnType<typeof encode.single> {
  const frame = new Uint8Array(ID_BYTES + bytes)
  new DataView(frame.buffer).setUint32(0, id)
  return encode.single(frame)
}

const ID_BYTES = 4
const BYTES_MAX = 1024 * 1024
