import { loadavg } from 'node:os'
import {
  type AnyEnvelope,
  type AnyMessage,
  type Effect,
  type Input,
  type Machine,
  publish,
  randomFrom,
  setTimer,
  subscribe,
} from '@infermesh/kernel'
import { createMessageWorld, lognormalLatency } from '@infermesh/sim'

const TOPICS = ['capacity', 'receipts']
const HEARTBEAT_MS = 1000
/** The end of a run, in which what was published may still arrive. */
const QUIET_SECONDS = 4
const RSS_MIB_MAX = 4096
const NOTHING: readonly Effect[] = []

/** A subscriber with a timer of its own; a few peers publish when it fires. */
class CrowdPeer implements Machine {
  delivered = 0
  readonly #index: number
  readonly #beatsSpoken: number
  #beats = 0

  constructor(index: number, beatsSpoken: number) {
    this.#index = index
    this.#beatsSpoken = beatsSpoken
  }

  handle(input: Input): readonly Effect[] {
    switch (input.type) {
      case 'started':
        return [...TOPICS.map(subscribe), setTimer('beat', (this.#index * 7) % HEARTBEAT_MS)]
      case 'timer':
        return this.#beat()
      case 'gossip':
        this.delivered++
        return NOTHING
      default:
        return NOTHING
    }
  }

  #beat(): readonly Effect[] {
    this.#beats++
    const again = setTimer('beat', HEARTBEAT_MS)
    const topic = TOPICS[this.#beats % TOPICS.length] ?? ''
    return this.#index < 2 && this.#beats <= this.#beatsSpoken ? [publish(topic, announcement(this.#index, this.#beats)), again] : [again]
  }
}

const announcement = (peer: number, beat: number): AnyEnvelope => ({
  id: `${peer}-${beat}`,
  type: 'announced',
  signer: `p${peer}`,
  bytes: new Uint8Array(300),
})

/** `crowd.ts [peers] [virtual seconds]`: subscribers of two topics with timers, on the modelled mesh. Prints memory beside delivery. */
function main(args: readonly string[]): void {
  const peers = Number(args[0] ?? 100_000)
  const seconds = Number(args[1] ?? 10)
  const seed = randomFrom('crowd').below(1_000_000)
  const machines = Array.from({ length: peers }, (_, peer) => new CrowdPeer(peer, seconds - QUIET_SECONDS))
  const began = performance.now()
  const world = createMessageWorld<AnyMessage, AnyEnvelope>({
    seed,
    latency: lognormalLatency({ median: 40, p99: 180, seed }),
    traceGossip: false,
    peers: machines.map((machine, peer) => ({
      name: `p${peer}`,
      peerId: `12D3KooW${String(peer).padStart(44, '0')}`,
      createMachine: () => machine,
    })),
  })
  world.start()
  const startedMs = performance.now() - began
  world.run(seconds * 1000)
  const counts = world.gossipCounts()
  const rssMiB = Math.round(process.memoryUsage().rss / 1_048_576)
  const expected = counts.published * (peers - 1)
  const report = {
    job: 'crowd',
    peers,
    virtualSeconds: seconds,
    wallSeconds: Number(((performance.now() - began) / 1000).toFixed(1)),
    startSeconds: Number((startedMs / 1000).toFixed(1)),
    events: world.load().performed,
    published: counts.published,
    deliveredOfExpected: Number((counts.delivered / expected).toFixed(4)),
    duplicatesPerDelivery: Number((counts.duplicates / counts.delivered).toFixed(2)),
    rssMiB,
    held: rssMiB <= RSS_MIB_MAX,
    load: loadavg().map((load) => Number(load.toFixed(2))),
  }
  console.log(JSON.stringify(report, undefined, 2))
  if (!report.held) process.exitCode = 1
}

main(process.argv.slice(2))
