import type { Millis, PeerId } from '@infermesh/kernel'
import { negativeLogTail, tailQuantile } from './normal-tail.ts'

export interface DetectorOptions {
  /** Stands in for the mean until intervals were seen. */
  readonly heartbeatEvery: Millis
  /** Least standard deviation: no peer is so regular that a little delay may condemn it. */
  readonly deviationMin: Millis
  /** Phi from which a peer counts as lost. */
  readonly suspect: number
  /** Intervals remembered for each peer. */
  readonly window: number
  /** Peers remembered; the one silent for longest makes room. */
  readonly peers: number
}

/** The deviation floor is a fifth of the heartbeat: a regular peer then reaches phi 8 after 2.122 heartbeats. */
export const detectorDefaults = (heartbeatEvery: Millis, suspect: number): DetectorOptions => ({
  heartbeatEvery,
  deviationMin: heartbeatEvery / 5,
  suspect,
  window: 64,
  peers: 1 << 17,
})

interface Rhythm {
  readonly intervals: Millis[]
  sum: number
  squares: number
  next: number
  last: Millis
}

/**
 * Phi-accrual failure detection (Hayashibara et al., 2004), the normal variant: phi = −log₁₀ P(a heartbeat comes still later),
 * with mean and deviation of the last intervals.
 */
export class FailureDetector {
  readonly #options: DetectorOptions
  readonly #suspectZ: number
  readonly #rhythms = new Map<PeerId, Rhythm>()

  constructor(options: DetectorOptions) {
    this.#options = options
    this.#suspectZ = tailQuantile(options.suspect)
  }

  heartbeat(peer: PeerId, now: Millis): void {
    const known = this.#rhythms.get(peer)
    if (known === undefined) this.#rhythms.set(peer, { intervals: [], sum: 0, squares: 0, next: 0, last: now })
    else {
      // The gap that made a peer count as lost is an outage, not its rhythm.
      if (!this.lost(peer, now)) this.#add(known, now - known.last)
      known.last = now
      this.#rhythms.delete(peer)
      this.#rhythms.set(peer, known)
    }
    if (this.#rhythms.size > this.#options.peers) this.#rhythms.delete(this.#rhythms.keys().next().value as PeerId)
  }

  heard(peer: PeerId): boolean {
    return this.#rhythms.has(peer)
  }

  /** In the order of their last heartbeats. */
  peers(): readonly PeerId[] {
    return [...this.#rhythms.keys()]
  }

  /** Zero for a peer that was never heard: nothing is known against it. */
  phi(peer: PeerId, now: Millis): number {
    const rhythm = this.#rhythms.get(peer)
    if (rhythm === undefined) return 0
    const { mean, deviation } = this.#shapeOf(rhythm)
    return Math.max(0, negativeLogTail((now - rhythm.last - mean) / deviation))
  }

  lost(peer: PeerId, now: Millis): boolean {
    const due = this.lostAt(peer)
    return due !== undefined && now >= due
  }

  /** When phi reaches `suspect` if nothing more is heard. */
  lostAt(peer: PeerId): Millis | undefined {
    const rhythm = this.#rhythms.get(peer)
    if (rhythm === undefined) return undefined
    const { mean, deviation } = this.#shapeOf(rhythm)
    return Math.ceil(rhythm.last + mean + this.#suspectZ * deviation)
  }

  #shapeOf(rhythm: Rhythm): { mean: number; deviation: number } {
    const count = rhythm.intervals.length
    if (count === 0) return { mean: this.#options.heartbeatEvery, deviation: this.#options.heartbeatEvery / 4 }
    const mean = rhythm.sum / count
    const variance = Math.max(0, rhythm.squares / count - mean * mean)
    return { mean, deviation: Math.max(this.#options.deviationMin, Math.sqrt(variance)) }
  }

  #add(rhythm: Rhythm, interval: Millis): void {
    const replaced = rhythm.intervals[rhythm.next] ?? 0
    rhythm.intervals[rhythm.next] = interval
    rhythm.next = (rhythm.next + 1) % this.#options.window
    rhythm.sum += interval - replaced
    rhythm.squares += interval * interval - replaced * replaced
  }
}
