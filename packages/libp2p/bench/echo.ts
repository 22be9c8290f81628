import { cpus, loadavg } from 'node:os'
import { request, respond } from '@infermesh/kernel'
import { note } from '../test/note-codec.ts'
import { introduce, type React, TestPeer } from '../test/peer.ts'
import { bareChain, text, type Way } from './bare-chain.ts'

// Two chained echoes, client to A to B and back, three ways: bare libp2p with a new stream for each echo, bare libp2p over
// streams that stay open, and two machine hosts. The ways take turns, so that a busy machine slows all of them alike.

async function machines(): Promise<Way> {
  const client = new TestPeer({ name: 'client' })
  const b = new TestPeer({ name: 'b', react: (input) => (input.type === 'request' ? [respond(input.id, input.message)] : []) })
  const relay: React = (input) => {
    if (input.type === 'request') return [request({ callId: input.id, to: b.id, stream: 'ask', message: input.message, timeout: 5000 })]
    if (input.type === 'response') return [respond(input.callId, input.message)]
    return []
  }
  const a = new TestPeer({ name: 'a', react: relay })
  const peers = [client, a, b]
  await Promise.all(peers.map((peer) => peer.host.start()))
  introduce(peers)
  let done: () => void = () => undefined
  client.react = (input) => {
    if (input.type === 'response') done()
    return []
  }
  let count = 0
  return {
    name: 'machine hosts',
    echo: () =>
      new Promise((resolve) => {
        done = resolve
        for (const peer of peers) peer.inputs.length = 0
        client.perform(request({ callId: `c${++count}`, to: a.id, stream: 'ask', message: note(text), timeout: 5000 }))
      }),
    stop: async () => void (await Promise.all(peers.map((peer) => peer.host.stop()))),
  }
}

async function measure(ways: readonly Way[], rounds: number): Promise<Map<Way, number[]>> {
  const times = new Map(ways.map((way): [Way, number[]] => [way, []]))
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) {
      const start = performance.now()
      await way.echo()
      times.get(way)?.push(performance.now() - start)
    }
  }
  return times
}

const quantile = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN

function report(ways: readonly Way[], batches: readonly ReadonlyMap<Way, readonly number[]>[]): Map<Way, number> {
  const result = new Map<Way, number>()
  for (const way of ways) {
    const p50s = batches.map((batch) => quantile(sorted(batch.get(way) ?? []), 0.5))
    const [low = 0, middle = 0, high = 0] = [0, 0.5, 1].map((share) => quantile(sorted(p50s), share))
    console.log(`${way.name.padEnd(26)} p50 ${middle.toFixed(3)} ms (${low.toFixed(3)} to ${high.toFixed(3)} in ${p50s.length} batches)`)
    result.set(way, middle)
  }
  return result
}

const sorted = (times: readonly number[]) => [...times].sort((x, y) => x - y)

const BATCHES = 5
const ROUNDS = 600
const AIM = 1.2

const [fresh, kept, hosts] = [await bareChain(false), await bareChain(true), await machines()]
const ways = [fresh, kept, hosts]
await measure(ways, 300)
const batches: Map<Way, number[]>[] = []
for (let batch = 0; batch < BATCHES; batch++) batches.push(await measure(ways, ROUNDS))
const p50 = report(ways, batches)
const ratio = (over: Way) => (p50.get(hosts) ?? Number.NaN) / (p50.get(over) ?? Number.NaN)
console.log(
  `machine hosts over bare with new streams: ${ratio(fresh).toFixed(2)} (aim ${AIM}); over kept streams: ${ratio(kept).toFixed(2)}`,
)
console.log(`load average ${loadavg()[0]?.toFixed(2)} on ${cpus().length} cores`)
await Promise.all(ways.map((way) => way.stop()))
process.exit(ratio(fresh) <= AIM ? 0 : 1)
