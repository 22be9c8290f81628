import type { MessageSide } from '@infermesh/libp2p'
import { type Envelope, type Message, topics } from '@infermesh/protocol'
import { identityFromSeed } from '@infermesh/protocol/node'
import type { PlannedPeer } from '../../network/network-plan.ts'
import { listens, topologyOf } from '../../network/topology.ts'
import { lineOf, type VirtualNetwork, type VirtualOrder } from '../virtual-network.ts'

/** Who is on libp2p in a run of the stack world, and who is a machine on modelled links. */
export interface Sides {
  readonly stack: readonly PlannedPeer[]
  readonly messages?: MessageSide<Message, Envelope>
}

export function sidesOf(order: VirtualOrder, network: VirtualNetwork): Sides {
  const { plan, scenario } = order
  const { fidelity } = scenario
  if (fidelity === undefined) return { stack: plan.peers }
  const named = new Set(fidelity.stack)
  const seats = plan.peers.filter(({ name }) => named.has(name))
  // Peers on libp2p are a network by themselves: a link that the others would have closed is made among them.
  const links = topologyOf(scenario.seed, seats)
  const { sizeOf } = lineOf(order)
  return {
    stack: seats.map((seat) => ({ ...seat, dial: links.get(seat.name) ?? [] })),
    messages: {
      peers: plan.peers.filter(({ name }) => !named.has(name)).map((peer) => asMessages(peer, network)),
      order: plan.peers.map(({ name }) => name),
      stackTopics: Object.keys(topics).filter((topic) => seats.some(({ role }) => listens[role]?.some((each) => each === topic) === true)),
      ...(sizeOf === undefined ? {} : { sizeOf }),
    },
  }
}

const asMessages = (peer: PlannedPeer, network: VirtualNetwork): MessageSide<Message, Envelope>['peers'][number] => ({
  name: peer.name,
  role: peer.role,
  peerId: identityFromSeed(peer.identitySeed).peerId,
  createMachine: () => network.createMachine(peer),
})
