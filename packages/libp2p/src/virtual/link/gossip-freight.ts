import type { Uint8ArrayList } from 'uint8arraylist'
import { type RpcParts, rpcParts } from '../../gossip/rpc-parts.ts'
import type { Lane, Parcel, PipeEnd } from './pipe.ts'

export interface GossipStream {
  readonly end: PipeEnd
  readonly lane: Lane
  readonly parcel: (bytes: Uint8Array | Uint8ArrayList) => Parcel
}

/** Sends gossip while link rules are in force: they may lose, double or hold back messages, not what keeps the meshes in step. */
export function sendGossip(stream: GossipStream, data: Uint8Array | Uint8ArrayList): boolean {
  const { end, lane, parcel } = stream
  const parts = wholeParts(data)
  if (parts === undefined || end.held.length > 0) return end.send(parcel(data), lane)
  for (const { messages, rest } of parts) {
    if (rest !== undefined) end.send(parcel(rest), lane)
    if (messages !== undefined) sendMessages(stream, messages)
  }
  return end.hasRoom()
}

function sendMessages({ end, lane, parcel }: GossipStream, messages: Uint8ArrayList): void {
  const { network } = end.pipe
  const { station } = end
  const to = end.pipe.other(end).station
  const what = { bytes: messages.byteLength }
  const ruling = network.judge(station, to, { channel: 'gossip', ...what })
  if (ruling === 'drop') {
    // What would hold up a stream holds up its gossip too; what a stream would get over, gossip does not.
    if (network.judge(station, to, { channel: 'stream', ...what }) === 'drop') end.hold(parcel(messages), lane)
    return
  }
  if (ruling === 'reset') {
    end.pipe.break()
    return
  }
  const arrival = network.arrival(station, to, messages.byteLength)
  // Whole frames may overtake each other.
  const alone = (): Lane => ({ lastArrival: 0 })
  end.deliverAt(arrival + ruling.delay, parcel(messages), ruling.delay > 0 ? alone() : lane)
  if (ruling.copyAfter > 0) end.deliverAt(arrival + ruling.delay + ruling.copyAfter, parcel(messages), alone())
}

function wholeParts(data: Uint8Array | Uint8ArrayList): readonly RpcParts[] | undefined {
  try {
    return [...rpcParts(data)]
  } catch {
    // Not gossip after all: it goes as bytes, in order.
    return undefined
  }
}
