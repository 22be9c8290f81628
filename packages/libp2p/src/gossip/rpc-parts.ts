import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import { decode, encode } from 'it-length-prefixed'
import type { Uint8ArrayList } from 'uint8arraylist'

/** One of gossipsub's frames in two, each with its length before it. */
export interface RpcParts {
  /** May be lost, doubled or overtaken. */
  readonly messages: Uint8ArrayList | undefined
  /** Subscriptions, grafts and the like: gossipsub trusts its streams to deliver them. */
  readonly rest: Uint8ArrayList | undefined
}

/** The parts of each whole frame in these bytes. Throws when they are not gossipsub's. */
export function* rpcParts(prefixed: Uint8Array | Uint8ArrayList): Generator<RpcParts> {
  for (const bytes of decode([prefixed])) {
    const rpc = RPC.decode(bytes)
    const mixed = rpc.subscriptions.length > 0 || rpc.control !== undefined
    yield {
      messages: rpc.messages.length > 0 ? frame({ subscriptions: [], messages: rpc.messages }) : undefined,
      rest: mixed ? frame({ ...rpc, messages: [] }) : undefined,
    }
  }
}

const frame = (rpc: RPC) => encode.single(RPC.encode(rpc))
