import type { GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import type { Connection } from '@libp2p/interface'
import { override } from './override.ts'
import { type GossipShaping, ShapedStream } from './shaped-stream.ts'

type Registrar = GossipSubComponents['registrar']

/**
 * Gives gossipsub connections whose streams are bounded and shaped. Its own streams are neither: one that is too full is
 * reset, and stays closed as long as the connection lasts.
 */
export function shapedRegistrar(registrar: Registrar, shaping: GossipShaping): Registrar {
  return override(registrar, {
    handle: (protocol, handler, options) =>
      registrar.handle(protocol, (stream, connection) => handler(stream, shapedConnection(connection, shaping)), options),
    register: (protocol, topology, options) =>
      registrar.register(
        protocol,
        { ...topology, onConnect: (peer, connection) => topology.onConnect?.(peer, shapedConnection(connection, shaping)) },
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
        send(bytes) {
          shaped.send(bytes)
          return true
        },
      })
    },
  })
}
