import { Line } from './line.ts'
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
  readonly #up: readonly Line[]
  readonly #down: readonly Line[]
  readonly #queueBytes: number

  constructor({ peers, queueBytes }: BandwidthOptions) {
    this.#up = peers.map(({ up }) => lineOf(up))
    this.#down = peers.map(({ down }) => lineOf(down))
    this.#queueBytes = queueBytes
  }

  /** How long until the last byte has left, in ms; -1 when the queue is full and the message was refused. */
  upload(peer: number, { bytes, now, mayOverflow }: Sent): number {
    const line = this.#up[peer]
    if (line === undefined) return 0
    return mayOverflow && line.overflows(bytes, this.#queueBytes, now) ? -1 : line.occupy(bytes, now)
  }

  /** How long until the last byte was taken in. A receiver's queue is the network's, so it does not overflow. */
  download(peer: number, bytes: number, now: number): number {
    return this.#down[peer]?.occupy(bytes, now) ?? 0
  }

  /** Changes a line while the world runs; what is queued keeps its times. */
  setRate(peer: number, rate: LineRate): void {
    this.#up[peer]?.setRate(rate.up)
    this.#down[peer]?.setRate(rate.down)
  }
}

function lineOf(rate: number): Line {
  const line = new Line()
  line.setRate(rate)
  return line
}
