import { assert, type PeerIdentity } from '@infermesh/kernel'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { ComponentLogger, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createLibp2p, type Libp2p } from 'libp2p'
import { concat } from 'uint8arrays/concat'
import type { GossipService } from '../gossip/service.ts'
import type { HostLimits } from '../host-limits.ts'
import type { Link } from '../host-options.ts'
import type { Shaping } from '../shaping/shaping.ts'
import { type BookComponents, PeerBook } from './peer-book.ts'
import { type PresumedComponents, PresumedProtocols } from './presumed-protocols.ts'

export interface NodeInit {
  readonly identity: PeerIdentity
  readonly link: Link
  readonly listen: readonly string[]
  readonly limits: HostLimits
  readonly shaping: Shaping
  readonly gossip: GossipService
  readonly logger: ComponentLogger
}

export type Node = Libp2p<{ gossip: ReturnType<GossipService> }>

/** A libp2p node that is not started yet, set so that a hundred of them get along on one address. */
export async function createNode(init: NodeInit): Promise<Node> {
  const { limits, shaping } = init
  return createLibp2p({
    start: false,
    logger: init.logger,
    privateKey: privateKey(init.identity),
    addresses: { listen: [...init.listen] },
    transports: init.link.transports,
    connectionEncrypters: init.link.connectionEncrypters,
    streamMuxers: init.link.streamMuxers,
    // The defaults defend one public address against strangers: here everyone comes from the same one.
    connectionManager: {
      maxConnections: limits.connectionsMax,
      inboundConnectionThreshold: UNREACHABLE,
      maxIncomingPendingConnections: limits.connectionsMax,
      maxParallelDials: 64,
      maxDialQueueLength: limits.connectionsMax,
      dialTimeout: limits.dialTimeout,
      addressDialTimeout: limits.dialTimeout,
      inboundUpgradeTimeout: UPGRADE_PATIENCE,
      inboundStreamProtocolNegotiationTimeout: 30_000,
      outboundStreamProtocolNegotiationTimeout: 30_000,
      reconnectRetries: 0,
    },
    connectionMonitor: { enabled: false },
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyDialPeer: () => false,
      denyInboundEncryptedConnection: (peer) => shaping.of(peer.toString()).refuses(UPGRADE_PATIENCE),
    },
    services: {
      // First, so that every other service finds it in place of libp2p's own.
      book: (components: BookComponents) => new PeerBook(components),
      // Strangers may ask who this is; it asks nobody itself.
      identify: init.link.identify ?? identify({ timeout: 30_000, runOnConnectionOpen: false }),
      ...(init.link.identify === undefined ? { presumed: (components: PresumedComponents) => new PresumedProtocols(components) } : {}),
      gossip: init.gossip,
    },
  })
}

function privateKey(identity: PeerIdentity): PrivateKey {
  const key = privateKeyFromRaw(concat([identity.privateKey, identity.publicKey]))
  const peerId = peerIdFromPrivateKey(key).toString()
  assert(peerId === identity.peerId, `the identity's key belongs to ${peerId}, not to ${identity.peerId}`)
  return key
}

const UNREACHABLE = 1_000_000
const UPGRADE_PATIENCE = 30_000
