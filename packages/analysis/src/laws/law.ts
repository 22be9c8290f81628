import type { Random } from '@infermesh/kernel'

export interface LawResult {
  readonly expected: number
  readonly measured: number
  /** Where the measured value may lie, ends included. */
  readonly interval: readonly [number, number]
  readonly held: boolean
}

/** A closed-form result, and an experiment on the real code that must reproduce it. */
export interface Law {
  readonly name: string
  /** Where the formula comes from. */
  readonly source: string
  run(random: Random): LawResult
}

export const within = (expected: number, measured: number, interval: readonly [number, number]): LawResult => ({
  expected,
  measured,
  interval,
  held: measured >= interval[0] && measured <= interval[1],
})

/** Held when measured is within a share of expected. */
export const near = (expected: number, measured: number, share: number): LawResult =>
  within(expected, measured, [expected - Math.abs(expected) * share, expected + Math.abs(expected) * share])

/** Held when measured equals expected, but for rounding. */
export const exact = (expected: number, measured: number): LawResult => within(expected, measured, [expected - 1e-9, expected + 1e-9])
