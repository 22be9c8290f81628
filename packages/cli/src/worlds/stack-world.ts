import { join } from 'node:path'
import { runInWorker } from '@infermesh/libp2p'
import { commandText, faultText, type NetworkRecord } from '@infermesh/scenario'
import { bundlePeer } from '@infermesh/testnet'
import { ENGINES_PACKAGE } from '../engines/engines.ts'
import { refuseEngines } from '../engines/refuse-engines.ts'
import { worldCryptography } from '../network/world-cryptography.ts'
import { quietWatch } from './message-world.ts'
import { bundleCache } from './process-testnet.ts'
import type { StackEnd, StackPlan } from './stack-program.ts'
import { RunAborted, type RunOrder, type WorldEnd } from './world.ts'

const entry = join(import.meta.dirname, 'stack-program.ts')

/** Peers on the real libp2p and gossipsub, in a thread whose time is virtual: the same seed is the same run. */
export async function runInStack(order: RunOrder): Promise<WorldEnd> {
  const { scenario, plan, timeline, end, stopAt, told } = order
  refuseEngines(scenario, 'stack')
  for (const action of timeline)
    if (action.type === 'command') order.say(`${(action.at / 1_000).toFixed(1)} s  ${commandText(action.command)}`)
    else if (action.type !== 'submit') order.say(`${(action.at / 1_000).toFixed(1)} s  ${action.type}: ${faultText(action.fault)}`)
  if (scenario.fidelity !== undefined) {
    const hosts = scenario.fidelity.stack.length
    order.say(`${hosts} peers on libp2p, ${plan.peers.length - hosts} as messages`)
  }
  let now = 0
  const isOver = quietWatch({ now: () => now }, order)
  const result = await runInWorker<StackPlan, StackEnd>({
    entry: (await bundlePeer({ entry, cache: bundleCache, external: [ENGINES_PACKAGE] })).file,
    seed: scenario.seed,
    plan: { scenario, plan, timeline, end, ...(stopAt === undefined ? {} : { stopAt }), ...(told === undefined ? {} : { told }) },
    onRecord: (record) => order.onRecord(record as NetworkRecord),
    onCheckpoint: (at) => {
      now = at
      return !isOver() && order.isOver?.() !== true
    },
    signal: order.signal,
  })
  if (result.isAborted) throw new RunAborted('interrupted')
  const { isAborted: _, ...rest } = result
  return { ...rest, crypto: worldCryptography(scenario, plan) }
}
