import type { Stream } from '@libp2p/interface'
import { createLibp2p, type Libp2p } from 'libp2p'
import { tcpLink } from '../src/index.ts'

const PROTOCOL = '/echo/1'
const payload = new Uint8Array(256).fill(97)
export const text = Buffer.from(payload).toString()

/** One way to have an echo over two hops. */
export interface Way {
  readonly name: string
  echo(): Promise<void>
  stop(): Promise<void>
}

/** Client to A to B and back over bare libp2p: a new stream for each echo, as is usual, or streams that stay open. */
export async function bareChain(persistent: boolean): Promise<Way> {
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
