import type { Millis } from '@infermesh/kernel'
import { type StackWorld, serveStack } from '@infermesh/libp2p'
import { createCodec, type Envelope, type Message, streams, topics } from '@infermesh/protocol'
import { identityFromSeed } from '@infermesh/protocol/node'
import type { Action, NetworkRecord, RunCheck, Scenario } from '@infermesh/scenario'
import { computeJob } from '../engines/engines.ts'
import type { NetworkPlan } from '../network/network-plan.ts'
import { type PeerState, peerStates } from '../replay/peer-states.ts'
import { askWorld } from './ask-world.ts'
import { fetchLog } from './fetch-log.ts'
import { sidesOf } from './mixed/sides.ts'
import { latencyOf, lineOf, type Told, VirtualNetwork } from './virtual-network.ts'
import type { FinalLog } from './world.ts'

/** What the main thread sends to the world's thread. */
export interface StackPlan {
  readonly scenario: Scenario
  readonly plan: NetworkPlan
  readonly timeline: readonly Action[]
  readonly end: Millis
  /** Ends the run here, with what each peer is then. */
  readonly stopAt?: Millis
  readonly told?: Told
}

export interface StackEnd {
  readonly virtualMs: Millis
  readonly traceHash: string
  readonly log: FinalLog
  readonly further: readonly RunCheck[]
  readonly states?: readonly PeerState[]
  readonly isAborted: boolean
}

const SLICE_MS = 1_000

/** One run to a thread, so these are of the run. */
let network: VirtualNetwork
let owed = 0

serveStack<StackPlan, StackEnd, Message, Envelope>({
  world(order) {
    const virtual = {
      ...order,
      // The main thread has said what happens when.
      say: () => undefined,
      owe: (turns: 1 | -1) => {
        owed += turns
      },
    }
    network = new VirtualNetwork(virtual)
    const codec = createCodec({ networkId: order.plan.genesis.networkId, crypto: network.crypto })
    const { bandwidth } = lineOf(virtual)
    const { stack, messages } = sidesOf(virtual, network)
    return {
      latency: latencyOf(order.scenario),
      // Time stands still while a model is really run.
      work: computeJob,
      ...(bandwidth === undefined ? {} : { bandwidth }),
      wire: order.scenario.network.wire ?? 'plain',
      onRecord: (record) => network.observe(record as NetworkRecord),
      ...(messages === undefined ? {} : { messages }),
      peers: stack.map((peer) => ({
        name: peer.name,
        role: peer.role,
        identity: identityFromSeed(peer.identitySeed),
        codec,
        streams: Object.keys(streams),
        topics: Object.keys(topics),
        dial: peer.dial,
        createMachine: () => network.createMachine(peer),
      })),
    }
  },
  async direct(world, order, stage) {
    network.attach(world)
    world.start()
    const end = Math.min(order.end, order.stopAt ?? Number.POSITIVE_INFINITY)
    while (world.now() < end && !stage.isAborted()) {
      await world.run(Math.min(end, world.now() + SLICE_MS))
      if (!(await stage.checkpoint()) && owed === 0) break
    }
    const states = order.stopAt === undefined ? {} : { states: await peerStates(world, order.plan) }
    const log = stage.isAborted() || order.stopAt !== undefined ? { checkpoints: [], entries: [] } : await readLog(world, order.plan)
    world.flush()
    const crossed = world.border()
    if (crossed !== undefined) world.record({ type: 'borderCrossed', ...crossed })
    const ended = { virtualMs: world.now(), traceHash: world.traceHash(), isAborted: stage.isAborted() }
    return { ...ended, ...states, log, further: network.checks() }
  },
})

type World = StackWorld<Message, Envelope>

const readLog = (world: World, plan: NetworkPlan): Promise<FinalLog> =>
  fetchLog(
    plan.peers.filter((peer) => peer.role === 'settler').map((peer) => peer.name),
    (settler, message) => askWorld(world, settler, message),
    { networkId: plan.genesis.networkId, crypto: network.crypto },
  )
