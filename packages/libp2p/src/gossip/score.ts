import type { GossipsubOpts } from '@chainsafe/libp2p-gossipsub'
import type { PeerScoreParams, TopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'

/**
 * Only lies cost: each invalid message counts, squared, and is forgotten with a half-life of 69 s.
 * One takes a sender out of the meshes, the third within a minute gets it ignored altogether.
 */
export function scoreParams(topics: readonly string[]): Partial<PeerScoreParams> {
  return {
    // Everyone on one machine has one address: the default would mute any network of more than ten peers.
    IPColocationFactorWeight: 0,
    // Broken promises are forgiven six times over, since a crowded core breaks them innocently.
    behaviourPenaltyThreshold: 6,
    topicScoreCap: 5,
    topics: Object.fromEntries(topics.map((topic) => [topic, topicScore])),
  }
}

const topicScore: TopicScoreParams = {
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 100,
  firstMessageDeliveriesWeight: 0.01,
  firstMessageDeliveriesDecay: 0.9,
  firstMessageDeliveriesCap: 100,
  // Too few messages is no offence: topics are quiet for minutes.
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 100,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 5000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: -20,
  invalidMessageDeliveriesDecay: 0.99,
}

/** Below `gossip` no hints are exchanged with a peer, below `publish` it is sent nothing, below `graylist` it is not heard. */
export const scoreThresholds: GossipsubOpts['scoreThresholds'] = {
  gossipThreshold: -10,
  publishThreshold: -50,
  graylistThreshold: -80,
  acceptPXThreshold: 10,
  opportunisticGraftThreshold: 1,
}
