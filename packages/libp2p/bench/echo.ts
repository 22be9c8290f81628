import { cpus, loadavg } from 'node:os'
import { request, respond } from '@infermesh/kernel'
import type { Stream } from '@libp2p/interface'
import { createLibp2p, type Libp2p } from 'libp2p'
import { tcpLink } from '../src/index.ts'
import { note } from '../test/note-codec.ts'
import { introduce, type React, TestPeer } from '../test/peer.ts'

// Two chained echoes, client to A to B and back, three ways: bare libp2p with a new stream for each echo, bare libp2p over
// streams that stay open, and two machine hosts. The ways take turns, so that a busy machine slows all of them alike.

const payload = new Uint8Array(256).fill(97)
const text = Buffer.from(payload).toString()

interface Way {
  readonly name: string
  echo(): Promise<void>
  stop(): Promise<void>
}

async function bare(persistent: boolean): Promise<Way> {
  const [client, a, b] = await Promise.all([node(), node(), node()])
  const next = await client.dial(a.getMultiaddrs()).then(() => a.dial(b.getMultiaddrs()))
  await b.handle(PROTOCOL, (stream) => {
    stream.addEventListener('message', (event) => {
      stream.send(event.data)
      if (!persistent) void stream.close()
    })
  })
  let onward: Stream | undefined
  await a.handle(PROTOCOL, (stream) => {
    stream.addEventListener('message', (event) => {
      void (async () => {
        if (persistent) onward ??= await next.newStream(PROTOCOL)
        const hop = persistent && onward !== undefined ? onward : await next.newStream(PROTOCOL)
        const back = first(hop)
        hop.send(event.data)
        stream.send((await back).data)
        if (persistent) return
        void hop.close()
        void stream.close()
      })()
    })
  })
  const connection = await client.dial(a.getMultiaddrs())
  let kept: Stream | undefined
  return {
    name: persistent ? 'bare libp2p, streams kept' : 'bare libp2p, new streams',
    async echo() {
      if (persistent) kept ??= await connection.newStream(PROTOCOL)
      const stream = persistent && kept !== undefined ? kept : await connection.newStream(PROTOCOL)
      const back = first(stream)
      stream.send(payload)
      await back
      if (!persistent) void stream.close()
    },
    stop: async () => void (await Promise.all([client, a, b].map((each) => each.stop()))),
  }
}

const first = (stream: Stream) =>
  new Promise<{ readonly data: Parameters<Stream['send']>[0] }>((resolve) => stream.addEventListener('message', resolve, { once: true }))

const node = (): Promise<Libp2p> =>
  createLibp2p({ addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, ...tcpLink(), connectionMonitor: { enabled: false } })

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

const PROTOCOL = '/echo/1'
const BATCHES = 5
const ROUNDS = 600
const AIM = 1.2

const [fresh, kept, hosts] = [await bare(false), await bare(true), await machines()]
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
