import type { Random } from '@infermesh/kernel'
import type { RelayTimes } from '../attacks/timing-correlation.ts'
import { exponential } from './draws.ts'

export interface MixRun extends RelayTimes {
  /** Which arrival each departure really was. */
  readonly truth: readonly number[]
}

/** Poisson arrivals at `rate`, each held for a time of its own; the first tenth, before the mix is full, is left out of the departures. */
export function runMix(
  random: Random,
  options: { readonly rate: number; readonly messages: number; readonly delay: (random: Random) => number },
): MixRun {
  const { rate, messages, delay } = options
  const [timing, holding] = [random.fork('arrivals'), random.fork('delays')]
  const arrivals: number[] = []
  for (let at = 0; arrivals.length < messages; arrivals.push(at)) at += exponential(timing, rate)
  const leaving = arrivals.map((at, index) => ({ at: at + delay(holding), index })).sort((left, right) => left.at - right.at)
  // Once arrivals stop the pool runs empty, so what leaves after the last arrival is no part of the experiment.
  const end = arrivals[messages - 1] ?? 0
  const seen = leaving.filter(({ at }) => at <= end)
  return { arrivals, departures: seen.map(({ at }) => at), truth: seen.map(({ index }) => index) }
}

/** All but the first tenth, in which the mix fills up. */
export const settled = <Value>(values: readonly Value[]): readonly Value[] => values.slice(Math.floor(values.length / 10))
