import { createHash } from 'node:crypto'
import type { Millis } from '@infermesh/kernel'
import { StackRunFailed } from '@infermesh/libp2p'
import type { Scenario } from '@infermesh/scenario'
import { replayChecks } from '../audit/replay-checks.ts'
import type { PeerState } from '../replay/peer-states.ts'
import { runInStack } from '../worlds/stack-world.ts'
import { brokeDown, brokenIn, seenBroken, type VirtualOutcome } from './breakage.ts'
import { type OrderOptions, quietOrder } from './quiet-order.ts'

export interface StackRunOptions extends OrderOptions {
  /** Ends the run soon after the first standing check that breaks. */
  readonly stopEarly?: boolean
}

/** The same as `VirtualRun.finish`, with peers on libp2p. */
export async function finishInStack(scenario: Scenario, { stopEarly = false, ...options }: StackRunOptions): Promise<VirtualOutcome> {
  const seen = createHash('sha256')
  let at: Millis = 0
  const order = quietOrder(scenario, {
    ...options,
    onRecord: (record) => {
      at = record.at
      seen.update(JSON.stringify(record))
      options.onRecord?.(record)
    },
  })
  const { observer, plan } = order
  try {
    const isOver = (): boolean => stopEarly && observer.violation() !== undefined
    const { log, further, crypto, ...end } = await runInStack({ ...order, isOver })
    const all = [...replayChecks(plan.genesis, log, crypto), ...further]
    const result = observer.conclude({ ...end, world: 'stack', wallMs: 0, further: all })
    const { traceHash = '', virtualMs } = end
    return { breakage: seenBroken(observer) ?? brokenIn(result), traceHash, virtualMs, result }
  } catch (error) {
    if (!(error instanceof StackRunFailed)) throw error
    // The world's own hash ended with its thread; what had come from it until then is as good to compare runs by.
    return { breakage: brokeDown(error.kind, at, error.message), traceHash: seen.digest('hex'), virtualMs: at }
  }
}

/** Runs to an instant, and tells what each peer is then. */
export async function statesInStack(
  scenario: Scenario,
  stopAt: Millis,
  options: OrderOptions,
): Promise<{ readonly at: Millis; readonly peers: readonly PeerState[] }> {
  const { virtualMs, states = [] } = await runInStack({ ...quietOrder(scenario, options), stopAt })
  return { at: virtualMs, peers: states }
}
