import { loadavg } from 'node:os'
import { type AnyMessage, randomFrom } from '@infermesh/kernel'
import { createHost, type Host, MemoryStore, tcpLink } from '@infermesh/libp2p'
import { createCodec, type MessageOf, streams, topics } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography } from '@infermesh/protocol/node'
import { resolveScenario } from '@infermesh/scenario'
import { bareChain, type Way } from '../../libp2p/bench/bare-chain.ts'
import { buildMachine } from '../src/network/build-machine.ts'
import { type NetworkPlan, planNetwork } from '../src/network/network-plan.ts'

/**
 * An empty completion, client → gateway → operator and back, every signature made and checked, over two chained bare libp2p
 * echoes in the same process and run. Bar: 1.5 times the median. One token, since a completion without any has no receipt.
 */
const ROUNDS = 400
const BATCHES = 5
const BAR = 1.5
const MODEL = 'bench/instant@1.0'

const scenario = resolveScenario({
  name: 'completion-bench',
  about: 'one of each role that an answer needs',
  peers: { gateway: 1, operator: 1, hub: 1 },
  models: { [MODEL]: { public: { operators: ['operator'] }, weights: { bytes: 64 } } },
  load: [{ client: 1, model: MODEL, rate: '1/s', from: '0s', until: '1s', prompt: '1 tokens', answer: '1 tokens' }],
})

/** The engine itself costs nothing here: what is measured is the network's way. */
const instant = { prefillTokensPerSecond: 1e9, decodeMsPerToken: 0, slots: 64, loadBytesPerSecond: 1e12 }

async function startHosts(plan: NetworkPlan): Promise<ReadonlyMap<string, Host>> {
  const epoch = performance.now()
  const hosts = new Map<string, Host>()
  for (const peer of plan.peers) {
    const config = peer.config.role === 'operator' ? { ...peer.config, config: { ...peer.config.config, profile: instant } } : peer.config
    const host = createHost({
      name: peer.name,
      identity: identityFromSeed(peer.identitySeed),
      codec: createCodec({ networkId: plan.genesis.networkId, crypto: nodeCryptography }),
      createMachine: () => buildMachine(plan, { ...peer, config }),
      store: new MemoryStore(),
      now: () => Math.round(performance.now() - epoch),
      random: randomFrom(peer.name),
      emit: () => undefined,
      // biome-ignore lint/correctness/useYield: no jobs here
      compute: async function* () {
        throw new Error('no jobs')
      },
      link: tcpLink(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      streams: Object.keys(streams),
      topics: Object.keys(topics),
      onFatal: (error) => {
        throw error
      },
    })
    await host.start()
    hosts.set(peer.name, host)
  }
  for (const [name, host] of hosts) {
    for (const peer of plan.peers) {
      const other = hosts.get(peer.name)
      if (peer.name !== name && other !== undefined) host.know(identityFromSeed(peer.identitySeed).peerId, other.addresses())
    }
  }
  for (const peer of plan.peers) {
    for (const target of peer.dial) {
      const other = plan.peers.find((entry) => entry.name === target)
      if (other !== undefined) await hosts.get(peer.name)?.dial(identityFromSeed(other.identitySeed).peerId)
    }
  }
  return hosts
}

async function completionWay(): Promise<Way> {
  const hosts = await startHosts(planNetwork(scenario))
  const client = hosts.get('client-0-0')
  if (client === undefined) throw new Error('the plan has no client')
  const once = async (): Promise<string> => {
    const argument = JSON.stringify({ model: MODEL, promptTokens: 1, maxTokens: 1 })
    let outcome = 'no answer'
    for await (const answer of client.ask('control', { type: 'Command', name: 'submit', argument } as AnyMessage)) {
      const event = JSON.parse((answer as MessageOf<'CommandDone'>).result) as { kind: string; outcome?: string; code?: string }
      if (event.kind === 'ended') outcome = event.outcome === 'ok' ? 'ok' : (event.code ?? 'failed')
    }
    return outcome
  }
  // The operator fetches its weights first; an answer says that it has.
  while ((await once()) !== 'ok') await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    name: 'empty completion',
    async echo() {
      const outcome = await once()
      if (outcome !== 'ok') throw new Error(`a completion ended with ${outcome}`)
    },
    stop: async () => void (await Promise.all([...hosts.values()].map((host) => host.stop()))),
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN

async function batch(ways: readonly Way[]): Promise<readonly number[]> {
  const times = ways.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, way] of ways.entries()) {
      const started = performance.now()
      await way.echo()
      times[index]?.push(performance.now() - started)
    }
  }
  return times.map(median)
}

const ways = [await completionWay(), await bareChain(false), await bareChain(true)]
await batch(ways)
const batches: (readonly number[])[] = []
for (let index = 0; index < BATCHES; index++) batches.push(await batch(ways))
const p50 = ways.map((_, index) => median(batches.map((times) => times[index] ?? Number.NaN)))
for (const [index, way] of ways.entries()) console.log(`${way.name.padEnd(26)} p50 ${(p50[index] ?? Number.NaN).toFixed(3)} ms`)
const [completion = Number.NaN, fresh = Number.NaN, kept = Number.NaN] = p50
console.log(
  `over two chained bare echoes: ${(completion / fresh).toFixed(2)} (bar ${BAR}); over echoes on kept streams: ${(completion / kept).toFixed(2)}; load average ${loadavg()[0]?.toFixed(2)}`,
)
await Promise.all(ways.map((way) => way.stop()))
process.exit(completion / fresh <= BAR ? 0 : 1)
