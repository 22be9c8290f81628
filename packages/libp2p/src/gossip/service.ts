import { hash } from 'node:crypto'
import { type GossipSub, type GossipSubComponents, gossipsub, StrictNoSign } from '@chainsafe/libp2p-gossipsub'
import { assert } from '@infermesh/kernel'
import type { PeerId } from '@libp2p/interface'
import type { GossipOptions } from '../host-options.ts'
import { override } from './override.ts'
import { scoreParams, scoreThresholds } from './score.ts'
import { type Inbound, shapedRegistrar } from './shaped-registrar.ts'
import type { GossipShaping } from './shaped-stream.ts'

/** What gossipsub can tell beside its declared interface. */
interface MeshNode extends GossipSub {
  getMeshPeers(topic: string): string[]
  getScore(peer: string): number
}

export interface GossipNode extends MeshNode {
  /** Takes a message as if it had come in a frame of this peer's. */
  hear(from: PeerId, topic: string, data: Uint8Array): void
}

export type GossipService = (components: GossipSubComponents) => GossipNode

export interface GossipServiceInit {
  readonly topics: readonly string[]
  readonly options: GossipOptions
  readonly envelopeBytesMax: number
  readonly shaping: GossipShaping
}

/** Gossipsub without signatures of its own, since envelopes are signed, and with content ids. */
export function gossipService(init: GossipServiceInit): GossipService {
  const { options } = init
  // An answer to IWANT carries many messages at once.
  const maxInboundDataLength = init.envelopeBytesMax * 16
  const create = gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message) => hash('sha256', message.data, 'buffer'),
    // The general encoders build the text letter by letter, eight times for each message.
    msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex'),
    D: options.degree,
    Dlo: options.degreeLow,
    Dhi: options.degreeHigh,
    Dout: Math.min(2, Math.floor((options.degreeLow - 1) / 2)),
    heartbeatInterval: options.heartbeat,
    floodPublish: options.floodPublish,
    batchPublish: true,
    fallbackToFloodsub: false,
    emitSelf: false,
    doPX: false,
    tagMeshPeers: false,
    // Said to nobody is not said: the host says it once somebody listens.
    allowPublishToZeroTopicPeers: false,
    ignoreDuplicatePublishError: true,
    // Short enough that what a machine says again on purpose travels again, long enough that no echo does.
    seenTTL: options.seenFor,
    allowedTopics: new Set(init.topics),
    gossipsubIWantFollowupMs: 10_000,
    maxInboundDataLength,
    scoreParams: scoreParams(init.topics),
    scoreThresholds,
  })
  return (components) => {
    const admit: Inbound['admit'] = (bytes, take) => init.shaping.admit(bytes, take)
    const inbound: Inbound = { bytesMax: maxInboundDataLength, onFrame: (from, bytes) => inbox.receive(from, bytes), admit }
    const registrar = shapedRegistrar(components.registrar, { outbound: init.shaping, inbound })
    const service = create(override(components, { registrar }))
    assert(knowsMesh(service), 'gossipsub must tell its mesh and its scores')
    const inbox = inboxOf(service)
    return Object.assign(service, { hear: inbox.hear })
  }
}

export const defaultGossip: GossipOptions = {
  degree: 8,
  degreeLow: 6,
  degreeHigh: 12,
  heartbeat: 1000,
  seenFor: 8000,
  floodPublish: true,
  reportDelays: true,
}

interface Inbox extends Pick<GossipNode, 'hear'> {
  receive(from: PeerId, bytes: Uint8Array): void
}

/** Gossipsub's own two steps for a frame, without its way there. What does not decode is dropped, as it does. */
function inboxOf(service: GossipSub): Inbox {
  const decode: unknown = Reflect.get(service, 'decodeRpc')
  const handle: unknown = Reflect.get(service, 'handleReceivedRpc')
  assert(typeof decode === 'function' && typeof handle === 'function', 'gossipsub must decode and handle frames by name')
  const take = (from: PeerId, rpc: unknown): void => {
    Promise.resolve(Reflect.apply(handle, service, [from, rpc])).catch(() => undefined)
  }
  return {
    receive(from, bytes) {
      const rpc: unknown = tryTo(() => Reflect.apply(decode, service, [bytes]))
      if (rpc !== undefined) take(from, rpc)
    },
    hear: (from, topic, data) => take(from, { subscriptions: [], messages: [{ topic, data }] }),
  }
}

function tryTo<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch {
    return undefined
  }
}

const knowsMesh = (service: GossipSub): service is MeshNode => 'getMeshPeers' in service && 'getScore' in service
