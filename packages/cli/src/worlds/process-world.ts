import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyMessage, Millis } from '@infermesh/kernel'
import type { Message } from '@infermesh/protocol'
import { nodeCryptography } from '@infermesh/protocol/node'
import type { NetworkRecord } from '@infermesh/scenario'
import type { Testnet } from '@infermesh/testnet'
import { ProcessFaults } from '../faults/process-faults.ts'
import { refuseStandIns } from '../network/refuse-stand-ins.ts'
import { fetchLog } from './fetch-log.ts'
import { deathText, startPlan } from './process-testnet.ts'
import { ProcessTimeline } from './process-timeline.ts'
import type { RunOrder, WorldEnd } from './world.ts'

const ASK_TIMEOUT: Millis = 10_000

/** Peers as operating-system processes over TCP, in real time. */
export async function runInProcesses(order: RunOrder): Promise<WorldEnd> {
  refuseStandIns(order.scenario)
  // A run folder that is used again must not bring the last run's peers back.
  rmSync(join(order.folder, 'stores'), { recursive: true, force: true })
  const deaths: string[] = []
  let faults: ProcessFaults | undefined
  const testnet = await startPlan(order.plan, {
    folder: order.folder,
    onRecord: (record) => {
      order.onRecord(record as NetworkRecord)
      faults?.observe(record as NetworkRecord)
    },
    onUnexpectedExit: (exit) => {
      if (faults?.explains(exit) !== true) deaths.push(deathText(exit))
    },
  })
  const abort = (): void => void testnet.killAll()
  order.signal.addEventListener('abort', abort, { once: true })
  try {
    const origin = testnet.now()
    order.say(`${order.plan.peers.length} peers meshed after ${(origin / 1_000).toFixed(1)} s`)
    faults = new ProcessFaults({ testnet, peers: order.plan.peers, scenario: order.scenario })
    await faults.layLinks()
    const run = new ProcessTimeline({ order, testnet, origin, faults })
    await run.play()
    await run.untilQuiet()
    const log = await fetchLog(settlersOf(order), (settler, message) => ask(testnet, settler, message), {
      networkId: order.plan.genesis.networkId,
      crypto: nodeCryptography,
    })
    const virtualMs = Math.round(testnet.now())
    const faultChecks = await faults.checks()
    await testnet.stopAll()
    return {
      virtualMs,
      log,
      further: [
        ...faultChecks,
        ...run.checks(),
        { name: 'no peer ended by itself', held: deaths.length === 0, expected: 'none', actual: deaths.join('; ') || 'none' },
      ],
    }
  } finally {
    order.signal.removeEventListener('abort', abort)
    await testnet.killAll()
  }
}

const settlersOf = (order: RunOrder): readonly string[] =>
  order.plan.peers.filter((peer) => peer.role === 'settler').map((peer) => peer.name)

async function ask(testnet: Testnet, peer: string, message: Message): Promise<AnyMessage> {
  for await (const answer of testnet.ask(peer, { stream: 'fetch', message, timeout: ASK_TIMEOUT })) return answer
  throw new Error(`${peer} gave no answer to ${message.type}`)
}
