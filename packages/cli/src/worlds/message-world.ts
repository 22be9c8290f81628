import type { AnyMessage } from '@infermesh/kernel'
import { createCodec, type Envelope, type Message, type PeerMachine } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography } from '@infermesh/protocol/node'
import { type Action, type Arrival, faultText, type NetworkRecord, type Scenario } from '@infermesh/scenario'
import {
  constantLatency,
  createMessageWorld,
  everyLink,
  type LinkModel,
  lognormalLatency,
  loss,
  type MessageWorld,
  type MessageWorldOptions,
} from '@infermesh/sim'
import { FaultInjector } from '../faults/fault-injector.ts'
import { PeerWatch } from '../faults/peer-watch.ts'
import { PlaintextWatch } from '../faults/plaintext-watch.ts'
import { buildMachine } from '../network/build-machine.ts'
import type { PlannedPeer } from '../network/network-plan.ts'
import { sharedCryptography } from '../network/shared-cryptography.ts'
import { fetchLog } from './fetch-log.ts'
import { submission, turnAfter } from './turns.ts'
import { RunAborted, type RunOrder, type WorldEnd } from './world.ts'

type World = MessageWorld<Message, Envelope>

/** A prepared run: nothing has happened yet but what `start` of the peers will do at time 0. */
export interface MessageRun {
  readonly world: World
  readonly injector: FaultInjector
  readonly plaintext: PlaintextWatch
}

/** Changes a peer's machine. Tests plant bugs with it; no scenario and no command can. */
export type Alteration = (peer: PlannedPeer, machine: PeerMachine) => PeerMachine

/** Virtual time goes forward in slices of this, so that signals and the progress line get their turn. */
const SLICE_MS = 1_000
const QUIET_FOR = 1_000
/** What may wait at a line before it overflows, where lines have a rate. */
const LINE_QUEUE_BYTES = 4 * 1024 * 1024

/** Peers as objects, links and gossip modelled, time virtual: the same seed is the same run. */
export async function runInMessages(order: RunOrder): Promise<WorldEnd> {
  const run = prepareMessages(order)
  run.world.start()
  await untilQuiet(run.world, order)
  return await endMessages(run, order)
}

export function prepareMessages(order: RunOrder, alter: Alteration = (_peer, machine) => machine): MessageRun {
  const { plan, scenario } = order
  const watch = new PeerWatch(() => world.now())
  const plaintext = new PlaintextWatch(scenario, plan.genesis)
  const watched = new Set(scenario.faults.flatMap((fault) => (fault.kind === 'clock' || fault.kind === 'disk' ? fault.peers : [])))
  const crypto = sharedCryptography()
  const lives = new Map<string, number>()
  const create = (peer: PlannedPeer): PeerMachine => {
    // Another life draws other nonces.
    const life = lives.get(peer.name) ?? 0
    lives.set(peer.name, life + 1)
    const network = { ...plan, crypto, runSeed: `${plan.runSeed}/${life}`, secrets: 'seeded' as const }
    const machine = plaintext.wrap(peer.name, alter(peer, buildMachine(network, peer)))
    return watched.has(peer.name) ? watch.wrap(peer.name, machine) : machine
  }
  const world: World = createMessageWorld<Message, Envelope>({
    seed: scenario.seed,
    latency: latencyOf(scenario),
    ...lineOf(order),
    onRecord: (record) => {
      const known = record as NetworkRecord
      injector.observe(known)
      order.onRecord(known)
    },
    peers: plan.peers.map((peer) => ({
      name: peer.name,
      role: peer.role,
      peerId: identityFromSeed(peer.identitySeed).peerId,
      createMachine: () => create(peer),
    })),
  })
  const injector = new FaultInjector({ host: world, watch, names: plan.peers.map(({ name }) => name), usualRate: usualRate(scenario) })
  if (scenario.network.loss !== undefined) world.addRule('network loss', loss(everyLink, scenario.network.loss))
  for (const action of order.timeline) world.at(action.at, () => perform(world, injector, action, order))
  return { world, injector, plaintext }
}

/** Reads the log from the settlers and collects what the world itself has found. */
export async function endMessages({ world, injector, plaintext }: MessageRun, order: RunOrder): Promise<WorldEnd> {
  const { plan } = order
  const log = await fetchLog(
    plan.peers.filter((peer) => peer.role === 'settler').map((peer) => peer.name),
    (settler, message) => ask(world, settler, message),
    { networkId: plan.genesis.networkId, crypto: nodeCryptography },
  )
  world.flush()
  return { virtualMs: world.now(), traceHash: world.traceHash(), log, further: [...plaintext.checks(), ...injector.checks()] }
}

function latencyOf({ network, seed }: Scenario): LinkModel {
  const { latency } = network
  if (latency === undefined) return constantLatency(1)
  return latency.p99 === latency.median ? constantLatency(latency.median) : lognormalLatency({ ...latency, seed })
}

const usualRate = ({ network }: Scenario): number =>
  network.bandwidth === undefined ? Number.POSITIVE_INFINITY : network.bandwidth / 8_000

/** Lines cost time in every message, so they are modelled only where the scenario speaks of them. */
function lineOf({ scenario, plan }: RunOrder): Pick<MessageWorldOptions<Message, Envelope>, 'bandwidth' | 'sizeOf'> {
  const isNeeded = scenario.network.bandwidth !== undefined || scenario.faults.some((fault) => fault.kind === 'bandwidth')
  if (!isNeeded) return {}
  const codec = createCodec({ networkId: plan.genesis.networkId, crypto: nodeCryptography })
  const rate = usualRate(scenario)
  return {
    bandwidth: { rate: () => ({ up: rate, down: rate }), queueBytes: LINE_QUEUE_BYTES },
    sizeOf: { message: (message) => codec.encodeMessage(message).length, envelope: (envelope) => envelope.bytes.length },
  }
}

function perform(world: World, injector: FaultInjector, action: Action, order: RunOrder): void {
  if (action.type !== 'submit') {
    const word = action.type === 'heal' ? 'healed: ' : ''
    order.say(`${(world.now() / 1_000).toFixed(1)} s  ${word}${faultText(action.fault)}`)
    injector[action.type](action.fault)
    return
  }
  const goesOn = action.arrival.next !== undefined
  if (goesOn) order.observer.owe(1)
  submit(world, action.arrival, () => {
    if (goesOn) order.observer.owe(-1)
  })
}

/** Sends a request, and after its end the next turn of its conversation. */
function submit(world: World, arrival: Arrival, onOver: () => void): void {
  const { client, deadline } = arrival
  world.ask(client, { stream: 'control', message: submission(arrival), timeout: deadline * 2 }, (answer) => {
    if (answer.type === 'response' && !answer.last) return
    const next = turnAfter(arrival, world.now())
    if (next === undefined) onOver()
    else world.at(next.at, () => submit(world, next, onOver))
  })
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
