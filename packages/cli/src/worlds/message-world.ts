import type { AnyMessage } from '@infermesh/kernel'
import type { Envelope, Message } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography } from '@infermesh/protocol/node'
import type { Action, NetworkRecord } from '@infermesh/scenario'
import { constantLatency, createMessageWorld, everyLink, type LinkModel, lognormalLatency, loss, type MessageWorld } from '@infermesh/sim'
import { buildMachine } from '../network/build-machine.ts'
import { fetchLog } from './fetch-log.ts'
import { RunAborted, type RunOrder, type WorldEnd } from './world.ts'

type World = MessageWorld<Message, Envelope>

/** Virtual time goes forward in slices of this, so that signals and the progress line get their turn. */
const SLICE_MS = 1_000
const QUIET_FOR = 1_000

/** Peers as objects, links and gossip modelled, time virtual: the same seed is the same run. */
export async function runInMessages(order: RunOrder): Promise<WorldEnd> {
  const { plan, scenario } = order
  const world: World = createMessageWorld<Message, Envelope>({
    seed: scenario.seed,
    latency: latencyOf(order),
    onRecord: (record) => order.onRecord(record as NetworkRecord),
    peers: plan.peers.map((peer) => ({
      name: peer.name,
      role: peer.role,
      peerId: identityFromSeed(peer.identitySeed).peerId,
      createMachine: () => buildMachine(plan, peer),
    })),
  })
  if (scenario.network.loss !== undefined) world.addRule('network loss', loss(everyLink, scenario.network.loss))
  for (const action of order.timeline) world.at(action.at, () => perform(world, action, order))
  world.start()
  await untilQuiet(world, order)
  const log = await fetchLog(
    plan.peers.filter((peer) => peer.role === 'settler').map((peer) => peer.name),
    (settler, message) => ask(world, settler, message),
    { networkId: plan.genesis.networkId, crypto: nodeCryptography },
  )
  world.flush()
  return { virtualMs: world.now(), traceHash: world.traceHash(), log, further: [] }
}

function latencyOf({ scenario }: RunOrder): LinkModel {
  const { latency } = scenario.network
  if (latency === undefined) return constantLatency(1)
  return latency.p99 === latency.median ? constantLatency(latency.median) : lognormalLatency({ ...latency, seed: scenario.seed })
}

function perform(world: World, action: Action, order: RunOrder): void {
  if (action.type === 'fault') {
    order.say(`${(world.now() / 1_000).toFixed(1)} s  ${action.fault.kind} ${action.fault.peer}`)
    world[action.fault.kind](action.fault.peer)
    return
  }
  const { client, model, promptTokens, maxTokens, deadline } = action.arrival
  const argument = JSON.stringify({ model, promptTokens, maxTokens, deadlineMs: deadline })
  world.ask(client, { stream: 'control', message: { type: 'Command', name: 'submit', argument }, timeout: deadline * 2 }, () => undefined)
}

async function untilQuiet(world: World, order: RunOrder): Promise<void> {
  const last = order.timeline.at(-1)?.at ?? 0
  let quietSince: number | undefined
  while (world.now() < order.end) {
    world.run(Math.min(order.end, world.now() + SLICE_MS))
    await new Promise((resolve) => setImmediate(resolve))
    if (order.signal.aborted) throw new RunAborted('interrupted')
    quietSince = world.now() > last && order.observer.quiet() ? (quietSince ?? world.now()) : undefined
    if (quietSince !== undefined && world.now() - quietSince >= QUIET_FOR) return
  }
}

/** Runs the world on until the peer has answered. */
async function ask(world: World, peer: string, message: Message): Promise<AnyMessage> {
  let settled: { readonly message?: AnyMessage } | undefined
  world.ask(peer, { stream: 'fetch', message, timeout: 5_000 }, (answer) => {
    settled ??= answer.type === 'response' ? { message: answer.message } : {}
  })
  while (settled === undefined && world.step()) {
    // Each step may bring the answer.
  }
  if (settled?.message === undefined) throw new Error(`${peer} gave no answer to ${message.type}`)
  return settled.message
}
