import type { Millis } from '@infermesh/kernel'
import type { Directory, Role } from '@infermesh/protocol'
import type { NetworkRecord } from '../metrics/fold.ts'

/** What tells of calm. */
export const CALM_EVENTS = ['faultApplied', 'faultHealed', 'peerCrashed', 'peerStarted'] as const

/** Faults that are over when they are told, or that the network must bear without any loss of pace. */
const passing: ReadonlySet<string> = new Set(['crash', 'restart', 'resume', 'churn', 'overload', 'lie'])

/**
 * Since when liveness may be asked for: no link, clock, disk or pause fault is in force, and of settlers and grantors no more are
 * down than agreement bears.
 */
export class Calm {
  readonly #directory: Directory
  readonly #roles: ReadonlySet<Role> | undefined
  readonly #active = new Set<string>()
  readonly #down = new Set<string>()
  #changedAt: Millis = 0

  /** `roles`: whose coming and going disturbs; everybody's unless told. */
  constructor(directory: Directory, roles?: readonly Role[]) {
    this.#directory = directory
    this.#roles = roles && new Set(roles)
  }

  observe({ event, at }: NetworkRecord): void {
    switch (event.type) {
      case 'faultApplied':
        if (event.fault === 'resume') this.#change(at, () => this.#active.delete(`pause ${event.target}`))
        else if (!passing.has(event.fault)) this.#change(at, () => this.#active.add(`${event.fault} ${event.target}`))
        return
      case 'faultHealed':
        if (!passing.has(event.fault)) this.#change(at, () => this.#active.delete(`${event.fault} ${event.target}`))
        return
      case 'peerCrashed':
        this.#down.add(event.name)
        this.#disturbed(event.name, at)
        return
      case 'peerStarted':
        this.#down.delete(event.name)
        this.#disturbed(event.name, at)
        return
      default:
        return
    }
  }

  /** The instant from which on all has been calm, or undefined while it is not. */
  since(): Millis | undefined {
    const { lease } = this.#directory.genesis.parameters
    const settlers = this.#directory.all('settler').length
    const grantors = this.#directory.all('grantor').length
    const areMany =
      this.#downOf('settler') > Math.floor((settlers - 1) / 3) || (grantors > 0 && this.#downOf('grantor') > grantors - lease.quorum)
    return this.#active.size > 0 || areMany ? undefined : this.#changedAt
  }

  isDown(name: string): boolean {
    return this.#down.has(name)
  }

  #downOf(role: Role): number {
    return this.#directory.all(role).filter(({ name }) => this.#down.has(name)).length
  }

  #disturbed(name: string, at: Millis): void {
    const role = this.#directory.named(name)?.role
    if (this.#roles === undefined || role === undefined || this.#roles.has(role)) this.#changedAt = at
  }

  #change(at: Millis, change: () => unknown): void {
    change()
    this.#changedAt = at
  }
}
