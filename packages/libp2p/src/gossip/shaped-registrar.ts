import type { GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import type { Connection, PeerId, Stream, StreamMessageEvent } from '@libp2p/interface'
import { FrameReader } from '../streams/frame-reader.ts'
import { override } from './override.ts'
import { type GossipShaping, ShapedStream } from './shaped-stream.ts'

type Registrar = GossipSubComponents['registrar']

/** Takes the frames that come in, on the turn they come in. */
export interface Inbound {
  readonly bytesMax: number
  onFrame(from: PeerId, bytes: Uint8Array): void
  /** Takes in what arrived as fast as this host's line lets it. */
  admit(bytes: number, take: () => void): void
}

export interface GossipStreams {
  readonly outbound: GossipShaping
  readonly inbound: Inbound
}

/**
 * Gives gossipsub connections whose streams are bounded and shaped. Its own streams are neither: one that is too full is
 * reset, and stays closed as long as the connection lasts.
 */
export function shapedRegistrar(registrar: Registrar, { outbound, inbound }: GossipStreams): Registrar {
  return override(registrar, {
    handle: (protocol, handler, options) =>
      registrar.handle(
        protocol,
        (stream, connection) => handler(directStream(stream, connection, inbound), shapedConnection(connection, outbound)),
        options,
      ),
    register: (protocol, topology, options) =>
      registrar.register(
        protocol,
        { ...topology, onConnect: (peer, connection) => topology.onConnect?.(peer, shapedConnection(connection, outbound)) },
        options,
      ),
  })
}

function shapedConnection(connection: Connection, shaping: GossipShaping): Connection {
  return override(connection, {
    async newStream(protocols, options) {
      const stream = await connection.newStream(protocols, options)
      const shaped = new ShapedStream(stream, shaping, connection.remotePeer.toString())
      return override(stream, {
        // Asked for every neighbour at every heartbeat.
        protocol: stream.protocol,
        send(bytes) {
          shaped.send(bytes)
          return true
        },
      })
    },
  })
}

/**
 * Where gossipsub listens for bytes, frames are read for it instead. Its own chain of asynchronous iterators costs a frame as much
 * as what it then does with it.
 */
function directStream(stream: Stream, connection: Connection, inbound: Inbound): Stream {
  const listen = (): void => {
    const reader = new FrameReader(inbound.bytesMax, 'view')
    const read = (data: StreamMessageEvent['data']): void => {
      try {
        for (const frame of reader.read(data)) inbound.onFrame(connection.remotePeer, frame)
      } catch (error) {
        stream.abort(error instanceof Error ? error : new Error(String(error)))
      }
    }
    stream.addEventListener('message', ({ data }) => inbound.admit(data.byteLength, () => read(data)))
  }
  const addEventListener = (...args: Parameters<EventTarget['addEventListener']>): void => {
    if (args[0] === 'message') listen()
    else Reflect.apply(stream.addEventListener, stream, args)
  }
  return override(stream, { addEventListener })
}
