import { join } from 'node:path'
import { runInWorker } from '@infermesh/libp2p'
import { faultText, type NetworkRecord } from '@infermesh/scenario'
import { bundlePeer } from '@infermesh/testnet'
import { refuseEngines } from '../engines/refuse-engines.ts'
import { quietWatch } from './message-world.ts'
import { bundleCache } from './process-testnet.ts'
import type { StackEnd, StackPlan } from './stack-program.ts'
import { RunAborted, type RunOrder, type WorldEnd } from './world.ts'

const entry = join(import.meta.dirname, 'stack-program.ts')

/** Peers on the real libp2p and gossipsub, in a thread whose time is virtual: the same seed is the same run. */
export async function runInStack(order: RunOrder): Promise<WorldEnd> {
  const { scenario, plan, timeline, end } = order
  refuseEngines(scenario, 'stack')
  for (const action of timeline)
    if (action.type !== 'submit') order.say(`${(action.at / 1_000).toFixed(1)} s  ${action.type}: ${faultText(action.fault)}`)
  let now = 0
  const isOver = quietWatch({ now: () => now }, order)
  const result = await runInWorker<StackPlan, StackEnd>({
    entry: (await bundlePeer({ entry, cache: bundleCache })).file,
    seed: scenario.seed,
    plan: { scenario, plan, timeline, end },
    onRecord: (record) => order.onRecord(record as NetworkRecord),
    onCheckpoint: (at) => {
      now = at
      return !isOver()
    },
    signal: order.signal,
  })
  if (result.isAborted) throw new RunAborted('interrupted')
  const { isAborted: _, ...rest } = result
  return rest
}
