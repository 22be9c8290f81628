import type { LeakRunner } from '@infermesh/analysis'
import { VirtualRun } from '../hunt/virtual-run.ts'
import { LeakWatch } from './leak-watch.ts'

/** Runs a law's scenario in messages, in this process, and gives what its observers learned. */
export const leakRunner: LeakRunner = (scenario) => {
  const seen: { watch?: LeakWatch } = {}
  const run = new VirtualRun(scenario, { onRecord: (record) => seen.watch?.observe(record) })
  const watch = new LeakWatch(scenario, run.plan.genesis)
  seen.watch = watch
  run.runUntil(Number.POSITIVE_INFINITY)
  return watch.metrics()
}
