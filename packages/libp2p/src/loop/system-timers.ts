import type { Timers } from '../host-options.ts'

/** The runtime's own timers, whichever they are at the time of the call: a virtual clock replaces the globals. */
export const systemTimers: Timers = {
  after(delay, callback) {
    // A longer delay overflows to an immediate call in the runtime.
    const timer = setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST))
    return () => clearTimeout(timer)
  },
}

const LONGEST = 2_147_483_647
