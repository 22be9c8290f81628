import { hash } from 'node:crypto'
import { type GossipSub, type GossipSubComponents, gossipsub, StrictNoSign } from '@chainsafe/libp2p-gossipsub'
import { assert } from '@infermesh/kernel'
import { toString as textOf } from 'uint8arrays/to-string'
import type { GossipOptions } from '../host-options.ts'
import { override } from './override.ts'
import { scoreParams, scoreThresholds } from './score.ts'
import { shapedRegistrar } from './shaped-registrar.ts'
import type { GossipShaping } from './shaped-stream.ts'

/** What gossipsub can tell beside its declared interface. */
export interface GossipNode extends GossipSub {
  getMeshPeers(topic: string): string[]
  getScore(peer: string): number
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
  const create = gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message) => hash('sha256', message.data, 'buffer'),
    msgIdToStrFn: (id) => textOf(id, 'base16'),
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
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    allowedTopics: new Set(init.topics),
    gossipsubIWantFollowupMs: 10_000,
    // An answer to IWANT carries many messages at once.
    maxInboundDataLength: init.envelopeBytesMax * 16,
    scoreParams: scoreParams(init.topics),
    scoreThresholds,
  })
  return (components) => {
    const service = create(override(components, { registrar: shapedRegistrar(components.registrar, init.shaping) }))
    assert(knowsMesh(service), 'gossipsub must tell its mesh and its scores')
    return service
  }
}

export const defaultGossip: GossipOptions = {
  degree: 8,
  degreeLow: 6,
  degreeHigh: 12,
  heartbeat: 1000,
  floodPublish: true,
  reportDelays: true,
}

const knowsMesh = (service: GossipSub): service is GossipNode => 'getMeshPeers' in service && 'getScore' in service
