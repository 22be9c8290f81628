import type { Envelope, Message } from '@infermesh/protocol'
import { identityFromSeed } from '@infermesh/protocol/node'
import type { NetworkRecord } from '@infermesh/scenario'
import { createMessageWorld, type MessageWorld } from '@infermesh/sim'
import { refuseEngines } from '../engines/refuse-engines.ts'
import type { FaultInjector } from '../faults/fault-injector.ts'
import { askWorld } from './ask-world.ts'
import { fetchLog } from './fetch-log.ts'
import { type Alteration, latencyOf, lineOf, VirtualNetwork } from './virtual-network.ts'
import { RunAborted, type RunOrder, type WorldEnd } from './world.ts'

type World = MessageWorld<Message, Envelope>

/** A prepared run: nothing has happened yet but what `start` of the peers will do at time 0. */
export interface MessageRun {
  readonly world: World
  readonly injector: FaultInjector
  readonly network: VirtualNetwork
}

/** Virtual time goes forward in slices of this, so that signals and the progress line get their turn. */
export const SLICE_MS = 1_000
const QUIET_FOR = 1_000

/** Peers as objects, links and gossip modelled, time virtual: the same seed is the same run. */
export async function runInMessages(order: RunOrder): Promise<WorldEnd> {
  const run = prepareMessages(order, order.alter)
  run.world.start()
  await untilQuiet(run.world, order)
  return await endMessages(run, order)
}

export function prepareMessages(order: RunOrder, alter?: Alteration): MessageRun {
  refuseEngines(order.scenario, 'message')
  const virtual = { ...order, owe: (turns: 1 | -1) => order.observer.owe(turns) }
  const network = new VirtualNetwork(virtual, alter)
  const world: World = createMessageWorld<Message, Envelope>({
    seed: order.scenario.seed,
    latency: latencyOf(order.scenario),
    ...lineOf(virtual),
    onRecord: (record) => {
      const known = record as NetworkRecord
      network.observe(known)
      order.onRecord(known)
    },
    peers: order.plan.peers.map((peer) => ({
      name: peer.name,
      role: peer.role,
      peerId: identityFromSeed(peer.identitySeed).peerId,
      createMachine: () => network.createMachine(peer),
    })),
  })
  return { world, network, injector: network.attach(world) }
}

/** Reads the log from the settlers and collects what the world itself has found. */
export async function endMessages({ world, network }: MessageRun, { plan }: RunOrder): Promise<WorldEnd> {
  const log = await fetchLog(
    plan.peers.filter((peer) => peer.role === 'settler').map((peer) => peer.name),
    (settler, message) => askWorld(world, settler, message),
    { networkId: plan.genesis.networkId, crypto: network.crypto },
  )
  world.flush()
  return { virtualMs: world.now(), traceHash: world.traceHash(), log, further: network.checks(), crypto: network.crypto }
}

async function untilQuiet(world: World, order: RunOrder): Promise<void> {
  const isOver = quietWatch(world, order)
  while (world.now() < order.end) {
    world.run(Math.min(order.end, world.now() + SLICE_MS))
    await new Promise((resolve) => setImmediate(resolve))
    if (order.signal.aborted) throw new RunAborted('interrupted')
    if (isOver()) return
  }
}

/** True once everything asked for has been answered and settled for a while. Ask it after each slice of time. */
export function quietWatch(world: Pick<World, 'now'>, order: Pick<RunOrder, 'timeline' | 'observer'>): () => boolean {
  const last = order.timeline.at(-1)?.at ?? 0
  let since: number | undefined
  return () => {
    since = world.now() > last && order.observer.quiet() ? (since ?? world.now()) : undefined
    return since !== undefined && world.now() - since >= QUIET_FOR
  }
}
