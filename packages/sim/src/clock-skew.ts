/** A wrong clock: at true time `since` it shows `local`, and gains `rate` local milliseconds for each true one. */
export interface ClockSkew {
  readonly since: number
  readonly local: number
  readonly rate: number
}

/** What a wrong clock shows at a true time. */
export const localTime = (skew: ClockSkew, now: number): number => skew.local + (now - skew.since) * skew.rate

/** How long a local duration lasts in true milliseconds. */
export const trueDuration = (skew: ClockSkew | undefined, after: number): number => (skew === undefined ? after : after / skew.rate)
