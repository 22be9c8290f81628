import type { Millis } from '@infermesh/kernel'
import type { Parameters } from '@infermesh/protocol'
import type { NetworkRecord } from '../metrics/fold.ts'

/** What tells of clocks. */
export const CLOCK_EVENTS = ['faultApplied', 'faultHealed'] as const

/** Whether every clock keeps to the drift that leases allow for, and has for long enough that no lease was counted by another. */
export class ClockTrust {
  readonly #lease: Parameters['lease']
  readonly #wrong = new Set<string>()
  #wrongUntil: Millis = 0

  constructor(lease: Parameters['lease']) {
    this.#lease = lease
  }

  observe({ event, at }: NetworkRecord): void {
    if (event.type === 'faultApplied' && event.fault === 'clock' && !this.#isAllowed(event.measured)) this.#wrong.add(event.target)
    if (event.type !== 'faultHealed' || event.fault !== 'clock') return
    this.#wrong.delete(event.target)
    // A clock is put right by a jump, or stands still until time has caught up with it.
    const jump = Math.abs(event.measured?.askedMs ?? 0)
    this.#wrongUntil = Math.max(this.#wrongUntil, at + jump + 2 * (this.#lease.ttl + this.#lease.epsilon))
  }

  holds(at: Millis): boolean {
    return this.#wrong.size === 0 && at > this.#wrongUntil
  }

  #isAllowed({ jumpMs = Number.NaN, driftPpm = Number.NaN }: Readonly<Record<string, number>>): boolean {
    return jumpMs === 0 && Math.abs(driftPpm) <= this.#lease.driftPpm
  }
}
