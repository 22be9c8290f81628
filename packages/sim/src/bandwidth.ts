import { assert } from '@infermesh/kernel'
import type { Sent } from './network.ts'

/** A peer's line, in bytes per millisecond (1 Mbit/s = 125). */
export interface LineRate {
  readonly up: number
  readonly down: number
}

export interface BandwidthOptions {
  /** By peer index. */
  readonly peers: readonly LineRate[]
  /** What may wait at a line before it overflows, in bytes. */
  readonly queueBytes: number
}

/** Each peer's uplink and downlink as a queue with a rate. Contention is at the ends only; there are no routes between. */
export class Bandwidth {
  readonly #up: Line
  readonly #down: Line

  constructor(options: BandwidthOptions) {
    this.#up = new Line(
      options.peers.map((rate) => rate.up),
      options.queueBytes,
    )
    this.#down = new Line(
      options.peers.map((rate) => rate.down),
      options.queueBytes,
    )
  }

  /** How long until the last byte has left, in ms; -1 when the queue is full and the message was refused. */
  upload(peer: number, sent: Sent): number {
    return this.#up.occupy(peer, sent)
  }

  /** How long until the last byte was taken in. A receiver's queue is the network's, so it does not overflow. */
  download(peer: number, bytes: number, now: number): number {
    return this.#down.occupy(peer, { bytes, now, mayOverflow: false })
  }

  /** Changes a line while the world runs; what is queued keeps its times. */
  setRate(peer: number, rate: LineRate): void {
    this.#up.setRate(peer, rate.up)
    this.#down.setRate(peer, rate.down)
  }
}

class Line {
  readonly #rates: Float64Array
  readonly #busyUntil: Float64Array
  readonly #queueBytes: number

  constructor(rates: readonly number[], queueBytes: number) {
    this.#rates = new Float64Array(rates.length)
    this.#busyUntil = new Float64Array(rates.length)
    this.#queueBytes = queueBytes
    rates.forEach((rate, peer) => {
      this.setRate(peer, rate)
    })
  }

  setRate(peer: number, rate: number): void {
    assert(rate > 0, `expected a line rate above 0 bytes per ms, got ${rate}`)
    this.#rates[peer] = rate
  }

  occupy(peer: number, { bytes, now, mayOverflow }: Sent): number {
    const rate = this.#rates[peer] ?? Infinity
    const wait = Math.max(0, (this.#busyUntil[peer] ?? 0) - now)
    if (mayOverflow && wait > 0 && wait * rate + bytes > this.#queueBytes) return -1
    const taken = wait + bytes / rate
    this.#busyUntil[peer] = now + taken
    return taken
  }
}
