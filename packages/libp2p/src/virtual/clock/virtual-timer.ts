import type { Owner, Task } from './owner.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** The longest delay that the runtime's own timers take; a longer one fires at once there, and so it does here. */
const LONGEST = 2_147_483_647

export interface TimerInit {
  readonly clock: VirtualClock
  readonly delay: number
  /** Takes any delay from 0 up as it is, where the runtime's timers take whole ms from 1 up. */
  readonly isExact?: boolean
  readonly isRepeated: boolean
  readonly callback: () => void
}

/** What `setTimeout` and `setInterval` return: the runtime's timer object, on virtual time. */
export class VirtualTimer implements Task {
  readonly owner: Owner
  readonly #clock: VirtualClock
  readonly #delay: number
  readonly #isRepeated: boolean
  #callback: (() => void) | undefined
  /** Events of this timer that a `refresh` has outdated. They come before the one that counts. */
  #outdated = 0
  #isArmed = false
  #id = 0

  constructor(init: TimerInit) {
    this.#clock = init.clock
    this.owner = init.clock.owner
    this.#delay = init.isExact === true ? Math.max(0, init.delay) : runtimeDelay(init.delay)
    this.#isRepeated = init.isRepeated
    this.#callback = init.callback
    this.#arm()
  }

  run(): void {
    if (this.#outdated > 0) {
      this.#outdated--
      return
    }
    this.#isArmed = false
    if (this.#isRepeated && this.#callback !== undefined) this.#arm()
    this.#callback?.()
  }

  close(): this {
    this.#callback = undefined
    byId.delete(this.#id)
    return this
  }

  refresh(): this {
    if (this.#isArmed) this.#outdated++
    this.#arm()
    return this
  }

  // Virtual time runs whether or not anyone refers to the timer.
  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.toPrimitive](): number {
    if (this.#id === 0) {
      this.#id = ++lastId
      byId.set(this.#id, this)
    }
    return this.#id
  }

  #arm(): void {
    this.#isArmed = true
    this.#clock.push(this.#clock.effective(this.owner) + this.#delay, this)
  }
}

const runtimeDelay = (delay: number): number => (delay >= 1 && delay <= LONGEST ? Math.trunc(delay) : 1)

/** Clears what any of the setters returned: an object, its number, or nothing. */
export function clearTimer(timer: unknown): void {
  if (timer instanceof VirtualTimer) timer.close()
  else if (typeof timer === 'number' || typeof timer === 'string') byId.get(Number(timer))?.close()
}

/** Timers that were turned into numbers. */
const byId = new Map<number, VirtualTimer>()
let lastId = 0
