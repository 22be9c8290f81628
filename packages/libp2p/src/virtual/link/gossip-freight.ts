import { BREAK, DROP } from '@infermesh/sim'
import type { Uint8ArrayList } from 'uint8arraylist'
import { type RpcParts, rpcParts } from '../../gossip/rpc-parts.ts'
import type { Lane, Parcel, PipeEnd } from './pipe.ts'

export interface GossipStream {
  readonly end: PipeEnd
  readonly lane: Lane
  readonly parcel: (bytes: Uint8Array | Uint8ArrayList) => Parcel
}

/**
 * Sends gossip while link rules are in force. They are asked once for all that leaves together; only what they would lose, double or
 * hold back is taken apart, since that may happen to messages and not to what keeps the meshes in step.
 */
export function sendGossip(stream: GossipStream, data: Uint8Array | Uint8ArrayList): boolean {
  const { end, lane, parcel } = stream
  if (end.held.length > 0) return end.send(parcel(data), lane)
  const extra = judge(end, 'gossip', data.byteLength)
  const { copyAfter } = end.pipe.network.rules
  if (extra === BREAK) end.pipe.break()
  else if (extra === 0 && copyAfter === 0) deliver(stream, data, lane)
  // What would hold up a stream holds up its gossip too; what a stream would get over, gossip does not.
  else if (extra === DROP && judge(end, 'stream', data.byteLength) === DROP) end.hold(parcel(data), lane)
  else misdeliver(stream, data, { extra, copyAfter })
  return end.hasRoom()
}

function judge(end: PipeEnd, channel: 'gossip' | 'stream', bytes: number): number {
  return end.pipe.network.judge(end.station, end.pipe.other(end).station, { channel, bytes })
}

function misdeliver(
  stream: GossipStream,
  data: Uint8Array | Uint8ArrayList,
  { extra, copyAfter }: { readonly extra: number; readonly copyAfter: number },
): void {
  const { end, lane, parcel } = stream
  const parts = wholeParts(data)
  if (parts === undefined) end.send(parcel(data), lane)
  for (const { messages, rest } of parts ?? []) {
    if (rest !== undefined) end.send(parcel(rest), lane)
    if (messages === undefined || extra === DROP) continue
    // Whole frames may overtake each other.
    deliver(stream, messages, extra > 0 ? { lastArrival: 0 } : lane, extra)
    if (copyAfter > 0) deliver(stream, messages, { lastArrival: 0 }, extra + copyAfter)
  }
}

function deliver({ end, parcel }: GossipStream, bytes: Uint8Array | Uint8ArrayList, lane: Lane, extra = 0): void {
  const arrival = end.pipe.network.arrival(end.station, end.pipe.other(end).station, bytes.byteLength)
  end.deliverAt(arrival + extra, parcel(bytes), lane)
}

function wholeParts(data: Uint8Array | Uint8ArrayList): readonly RpcParts[] | undefined {
  try {
    return [...rpcParts(data)]
  } catch {
    // Not gossip after all: it goes as bytes, in order.
    return undefined
  }
}
