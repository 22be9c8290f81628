import { type Effect, emit, publish, randomFrom, subscribe, type TraceEvent } from '@infermesh/kernel'
import { constantLatency, lognormalLatency } from '@infermesh/sim'
import { type GossipOptions, realityReached, type StackPeer, type StackWorld, type Stage, serveStack, type Wire } from '../src/index.ts'
import { identityOf } from './identities.ts'
import { type Note, noteCodec, type Rumour, rumour } from './note-codec.ts'

/** A crowd that gossips: each peer dials `degree` others, and `messages` are published one a second. */
export interface CrowdPlan {
  readonly peers: number
  readonly degree: number
  readonly settleMs: number
  readonly messages: number
  readonly bytes: number
  readonly untilMs: number
  readonly wire: Wire
  /** Peers tell each delivery, over links that differ: any change of order or time shows in the trace. */
  readonly jitter?: boolean
  readonly gossip?: Partial<GossipOptions>
}

export interface CrowdResult {
  readonly delivered: number
  readonly expected: number
  readonly traceHash: string
  readonly inputHash: string
  /** CPU time from the first publish to the end. */
  readonly cpuMs: number
  /** CPU time until then, from the first start. */
  readonly settleCpuMs: number
  readonly events: number
  readonly heapMegabytes: number
  readonly rssMegabytes: number
  /** Before the first peer started. */
  readonly rssBeforeMegabytes: number
  readonly connections: number
  readonly mesh: number
  /** Of the real world; must be empty. */
  readonly reached: readonly string[]
}

serveStack<CrowdPlan, CrowdResult>({
  world: (plan) => ({
    peers: crowd(plan),
    wire: plan.wire,
    latency: plan.jitter === true ? lognormalLatency({ median: 50, p99: 200, seed: 'crowd' }) : constantLatency(50),
    gossip: { reportDelays: false, ...plan.gossip },
  }),
  direct,
})

let delivered = 0

function crowd(plan: CrowdPlan): StackPeer[] {
  const random = randomFrom('crowd')
  return Array.from({ length: plan.peers }, (_, index) => ({
    name: `p${index}`,
    identity: identityOf(`p${index}`),
    codec: noteCodec,
    streams: ['ask'],
    topics: ['news'],
    dial: [...dials(index, plan, random.fork(`${index}`))],
    createMachine: () => ({
      handle(input): Effect<Note, Rumour>[] {
        if (input.type === 'started') return [subscribe('news')]
        if (input.type === 'gossip') {
          delivered++
          return plan.jitter === true ? [emit({ type: 'heard', what: input.envelope.id } as TraceEvent)] : []
        }
        return input.type === 'timer' ? [publish('news', rumour(identityOf(`p${index}`).peerId, input.key.padEnd(plan.bytes, '.')))] : []
      },
    }),
  }))
}

function dials(index: number, plan: CrowdPlan, random: ReturnType<typeof randomFrom>): Set<string> {
  const chosen = new Set<string>()
  while (chosen.size < Math.min(plan.degree, plan.peers - 1)) {
    const other = random.below(plan.peers)
    if (other !== index) chosen.add(`p${other}`)
  }
  return chosen
}

async function direct(world: StackWorld, plan: CrowdPlan, stage: Stage): Promise<CrowdResult> {
  const random = randomFrom('load')
  const before = process.memoryUsage().rss
  await stage.checkpoint()
  const begun = cpuMs()
  world.start()
  await world.run(plan.settleMs)
  await stage.checkpoint()
  const settled = cpuMs()
  for (let message = 0; message < plan.messages; message++) {
    const name = `p${random.below(plan.peers)}`
    world.at(plan.settleMs + message * 1000, () => world.host(name)?.inject({ type: 'timer', key: `news ${message} ` }))
  }
  await world.run(plan.untilMs)
  const ended = cpuMs()
  await stage.checkpoint()
  const { heapUsed, rss } = process.memoryUsage()
  const hosts = Array.from({ length: plan.peers }, (_, index) => world.host(`p${index}`))
  const sum = (of: (host: (typeof hosts)[number]) => number) => hosts.reduce((total, host) => total + of(host), 0)
  return {
    delivered,
    expected: plan.messages * (plan.peers - 1),
    traceHash: world.traceHash(),
    inputHash: world.inputHash(),
    cpuMs: Math.round(ended - settled),
    settleCpuMs: Math.round(settled - begun),
    events: world.load().performed,
    heapMegabytes: Math.round(heapUsed / 1e6),
    rssMegabytes: Math.round(rss / 1e6),
    rssBeforeMegabytes: Math.round(before / 1e6),
    connections: sum((host) => host?.connections().length ?? 0),
    reached: realityReached(),
    mesh: sum((host) => host?.meshPeers('news').length ?? 0),
  }
}

/** Of the whole process; no virtual clock replaces it. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
