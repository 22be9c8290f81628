import type { Millis } from '@infermesh/kernel'
import { Uint8ArrayList } from 'uint8arraylist'
import type { Timers } from '../host-options.ts'
import { Fifo } from '../loop/fifo.ts'
import type { PeerShape } from '../shaping/peer-shape.ts'

/** Where the bytes go: a libp2p stream. False means that it is full until it says `drain`. */
export interface Sink {
  send(bytes: Uint8ArrayList): boolean
}

export interface OutboundQueueInit {
  readonly shape: PeerShape
  readonly now: () => Millis
  readonly timers: Timers
  readonly bytesMax: number
  readonly framesMax: number
  /** Gossip may lose messages; a stream only loses time. */
  readonly droppable: boolean
  readonly onSent: (frames: number, bytes: number) => void
  /** The sink refused to take more, for good. */
  readonly onBroken: (error: Error) => void
}

export interface Pushed {
  /** Names the frame for `remove`. */
  readonly tag?: number
  /** Goes in even where the queue is full: for the small frames that keep both ends in step. */
  readonly forced?: boolean
}

/** Frames on their way to one libp2p stream: bounded, in order, shaped, and held while the stream is full. */
export class OutboundQueue {
  readonly #init: OutboundQueueInit
  readonly #items = new Fifo<Item>()
  readonly #unwatch: () => void
  #bytes = 0
  #sink: Sink | undefined
  #full = false
  #stopped = false
  #unset: (() => void) | undefined

  constructor(init: OutboundQueueInit) {
    this.#init = init
    this.#unwatch = init.shape.watch(() => this.flush())
  }

  bytes(): number {
    return this.#bytes
  }

  attach(sink: Sink): void {
    this.#sink = sink
    this.flush()
  }

  /** `full`: no room, nothing was queued. `lost`: shaping took it. */
  push(bytes: Uint8ArrayList, options: Pushed = {}): 'queued' | 'full' | 'lost' {
    const { shape, bytesMax, framesMax, droppable } = this.#init
    if (this.#stopped) return 'queued'
    const forced = options.forced === true
    const bound = forced ? FORCED_BOUND : 1
    if (this.#bytes + bytes.byteLength > bytesMax * bound || this.#items.size() >= framesMax * bound) {
      if (forced) this.#break(new Error('the other end does not read what it is sent'))
      return 'full'
    }
    const passage = shape.pass(bytes.byteLength, droppable && !forced)
    if (passage.lost) return 'lost'
    this.#items.push({ bytes, tag: options.tag, readyAt: passage.readyAt, pushedAt: passage.readyAt === 0 ? 0 : this.#init.now() })
    this.#bytes += bytes.byteLength
    return 'queued'
  }

  /** True when the frame had not left yet. */
  remove(tag: number): boolean {
    const item = this.#items.remove((candidate) => candidate.tag === tag)
    if (item !== undefined) this.#bytes -= item.bytes.byteLength
    return item !== undefined
  }

  drained(): void {
    this.#full = false
    this.flush()
  }

  flush(): void {
    while (this.#sink !== undefined && !this.#full && this.#items.size() > 0 && this.#init.shape.gate() === 'open') {
      if (!this.#sendReady(this.#sink)) return
    }
  }

  stop(): void {
    this.#stopped = true
    this.#unwatch()
    this.#unset?.()
    this.#sink = undefined
    this.#items.clear()
    this.#bytes = 0
  }

  /** Sends what is due as one piece, since each piece costs an encryption and a system call. False when nothing was. */
  #sendReady(sink: Sink): boolean {
    const batch = new Uint8ArrayList()
    let frames = 0
    for (let item = this.#items.peek(); item !== undefined && batch.byteLength < BATCH_BYTES; item = this.#items.peek()) {
      if (item.readyAt > 0 && !this.#isDue(item)) break
      this.#items.shift()
      batch.append(item.bytes)
      frames++
    }
    if (frames === 0) return false
    this.#bytes -= batch.byteLength
    this.#init.onSent(frames, batch.byteLength)
    try {
      this.#full = !sink.send(batch)
    } catch (error) {
      this.#break(error instanceof Error ? error : new Error(String(error)))
      return false
    }
    return true
  }

  #break(error: Error): void {
    this.stop()
    this.#init.onBroken(error)
  }

  #isDue(item: Item): boolean {
    const now = this.#init.now()
    if (item.readyAt > now) {
      this.#wakeAfter(item.readyAt - now)
      return false
    }
    this.#init.shape.passed(item.readyAt - item.pushedAt, now - item.pushedAt)
    return true
  }

  #wakeAfter(delay: Millis): void {
    this.#unset ??= this.#init.timers.after(Math.ceil(delay), () => {
      this.#unset = undefined
      this.flush()
    })
  }
}

interface Item {
  readonly bytes: Uint8ArrayList
  readonly tag: number | undefined
  /** 0 when unshaped. */
  readonly readyAt: Millis
  readonly pushedAt: Millis
}

/** How far past the bound small control frames may go before the other end is given up. */
const FORCED_BOUND = 2
const BATCH_BYTES = 64 * 1024
