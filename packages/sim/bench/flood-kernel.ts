import {
  type AnyEnvelope,
  type AnyMessage,
  type Effect,
  type Input,
  type Machine,
  publish,
  type Random,
  setTimer,
  subscribe,
} from '@infermesh/kernel'
import { createMessageWorld, uniformLatency } from '@infermesh/sim'
import { type FloodResult, floodGraph, MESSAGES } from './flood-graph.ts'

const TOPIC = 'flood'
const NOTHING: readonly Effect[] = []

/** A subscriber that counts, and starts the messages it is given. */
class FloodPeer implements Machine {
  deliveries = 0
  readonly #starts: readonly number[]

  constructor(starts: readonly number[]) {
    this.#starts = starts
  }

  handle(input: Input): readonly Effect[] {
    switch (input.type) {
      case 'gossip':
        this.deliveries++
        return NOTHING
      case 'started':
        return [subscribe(TOPIC), ...this.#starts.map((message) => setTimer(String(message), message * 1000))]
      case 'timer':
        this.deliveries++
        return [publish(TOPIC, envelope(input.key))]
      default:
        return NOTHING
    }
  }
}

/** The flood job in the message world: its machines, effects, links and gossip, with the job's graph as the mesh. */
export function floodKernel(peers: number, random: Random): FloodResult {
  const neighbours = floodGraph(peers, random)
  const starts = new Map<number, number[]>()
  for (let message = 0; message < MESSAGES; message++) {
    const origin = random.below(peers)
    starts.set(origin, [...(starts.get(origin) ?? []), message])
  }
  const machines = neighbours.map((_, peer) => new FloodPeer(starts.get(peer) ?? []))
  const world = createMessageWorld<AnyMessage, AnyEnvelope>({
    seed: random.below(1_000_000),
    latency: uniformLatency(10, 100),
    traceGossip: false,
    gossip: { fixedLinks: (peer) => neighbours[peer] ?? [], lazyRounds: 0, unwantedBytes: Infinity },
    peers: machines.map((machine, peer) => ({ name: `p${peer}`, peerId: `p${peer}`, createMachine: () => machine })),
  })
  world.start()
  const began = performance.now()
  const cpuBegan = process.cpuUsage()
  world.run(MESSAGES * 1000 + 60_000)
  const seconds = (performance.now() - began) / 1000
  const cpuSeconds = process.cpuUsage(cpuBegan).user / 1e6
  const deliveries = machines.reduce((sum, machine) => sum + machine.deliveries, 0)
  return {
    deliveries,
    events: deliveries + world.gossipCounts().duplicates,
    seconds,
    cpuSeconds,
    rssMiB: process.memoryUsage().rss / 1_048_576,
  }
}

const envelope = (id: string): AnyEnvelope => ({ id, type: 'flood', signer: '', bytes: new Uint8Array(0) })
