import type { Millis } from '@infermesh/kernel'
import { Uint8ArrayList } from 'uint8arraylist'
import { Fifo } from '../loop/fifo.ts'
import { HELD, type PeerLink } from '../shaping/peer-link.ts'

/** Where the bytes go: a libp2p stream. False means that it is full until it says `drain`. */
export interface Sink {
  send(bytes: Uint8ArrayList): boolean
}

export interface OutboundQueueInit {
  readonly link: PeerLink
  readonly bytesMax: number
  readonly framesMax: number
  readonly onSent: (frames: number, bytes: number) => void
  /** The sink refused to take more, for good. */
  readonly onBroken: (error: Error) => void
}

export interface Pushed {
  /** Names the frame for `remove`. */
  readonly tag?: number
  /** Goes in even where the queue is full: for the small frames that keep both ends in step. */
  readonly forced?: boolean
  /** When it may leave, as its `PeerLink` said; that is asked when absent. */
  readonly readyAt?: number
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
  #unsetSilence: (() => void) | undefined

  constructor(init: OutboundQueueInit) {
    this.#init = init
    this.#unwatch = init.link.watch(() => this.flush())
  }

  bytes(): number {
    return this.#bytes
  }

  attach(sink: Sink): void {
    this.#sink = sink
    this.flush()
  }

  /** `full`: no room, nothing was queued. */
  push(bytes: Uint8ArrayList, { tag, forced = false, ...options }: Pushed = {}): 'queued' | 'full' {
    const { link, bytesMax, framesMax } = this.#init
    if (this.#stopped) return 'queued'
    const bound = forced ? FORCED_BOUND : 1
    if (this.#bytes + bytes.byteLength > bytesMax * bound || this.#items.size() >= framesMax * bound) {
      if (forced) this.#break(new Error('the other end does not read what it is sent'))
      return 'full'
    }
    // Without a connection it sets out only when there is one.
    const readyAt = options.readyAt ?? (this.#sink === undefined ? UNJUDGED : link.departure(bytes.byteLength))
    this.#items.push({ bytes, tag, readyAt, version: link.version() })
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
    while (this.#sink !== undefined && !this.#full && this.#items.size() > 0) {
      if (!this.#sendReady(this.#sink)) return
    }
  }

  stop(): void {
    this.#stopped = true
    this.#unwatch()
    this.#unset?.()
    this.#unsetSilence?.()
    this.#sink = undefined
    this.#items.clear()
    this.#bytes = 0
  }

  /** Sends what is due as one piece, since each piece costs an encryption and a system call. False when nothing was. */
  #sendReady(sink: Sink): boolean {
    const batch = new Uint8ArrayList()
    let frames = 0
    for (let item = this.#items.peek(); item !== undefined && batch.byteLength < BATCH_BYTES; item = this.#items.peek()) {
      if (item.readyAt !== 0 && !this.#isDue(item)) break
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
    if (item.readyAt === UNJUDGED) item.readyAt = this.#init.link.departure(item.bytes.byteLength)
    if (item.readyAt === HELD) this.#judgeAgain(item)
    if (item.readyAt === HELD) return false
    const wait = item.readyAt - this.#init.link.clock.now()
    if (wait > 0) this.#wakeAfter(wait)
    return wait <= 0
  }

  #judgeAgain(item: Item): void {
    const { link } = this.#init
    if (item.version !== link.version()) {
      item.version = link.version()
      item.readyAt = link.departure(item.bytes.byteLength)
    }
    if (item.readyAt === HELD) {
      this.#unsetSilence ??= link.clock.after(KEEP_ALIVE, () => link.sever(`nothing came through for ${KEEP_ALIVE} ms`))
      return
    }
    this.#unsetSilence?.()
    this.#unsetSilence = undefined
  }

  #wakeAfter(delay: Millis): void {
    this.#unset ??= this.#init.link.clock.after(Math.ceil(delay), () => {
      this.#unset = undefined
      this.flush()
    })
  }
}

interface Item {
  readonly bytes: Uint8ArrayList
  readonly tag: number | undefined
  /** 0 when unshaped, or `HELD`, or `UNJUDGED`. */
  readyAt: number
  /** Of the rules that it was judged by. */
  version: number
}

const UNJUDGED = -1

/** Silence after which a connection that a fault holds up counts as broken, as in the virtual worlds. */
const KEEP_ALIVE: Millis = 30_000

/** How far past the bound small control frames may go before the other end is given up. */
const FORCED_BOUND = 2
const BATCH_BYTES = 64 * 1024
