import type { VirtualClock } from './virtual-clock.ts'

/** The calendar time at virtual time 0. */
const EPOCH = Date.UTC(2025, 0, 1)

/** A `Date` that is real with arguments and virtual without. */
export function virtualDate(clock: VirtualClock): DateConstructor {
  const RealDate = Date
  const time = () => EPOCH + Math.floor(clock.now)
  function VirtualDate(...args: unknown[]): Date | string {
    if (new.target === undefined) return new RealDate(time()).toString()
    return Reflect.construct(RealDate, args.length === 0 ? [time()] : args, new.target)
  }
  VirtualDate.prototype = RealDate.prototype
  return Object.assign(VirtualDate, { now: time, parse: RealDate.parse, UTC: RealDate.UTC }) as unknown as DateConstructor
}
