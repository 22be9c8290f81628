import { createCodec, fromHex, streams, topics } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography } from '@infermesh/protocol/node'
import { runPeer } from '@infermesh/testnet/peer'
import { computeJob } from './engines/engines.ts'
import { buildMachine } from './network/build-machine.ts'
import type { RoleConfig } from './network/role-configs.ts'
import type { PeerBootConfig } from './worlds/process-testnet.ts'

/** One peer process: the file that a testnet bundles and starts. */
runPeer((boot) => {
  // What the supervisor's side of this very program wrote there.
  const { config, plan } = boot.config as unknown as PeerBootConfig
  const { genesis, runSeed, platformSeed } = plan
  // Another life draws other nonces.
  const network = { genesis, runSeed: `${runSeed}/${boot.generation}`, platformSeed: fromHex(platformSeed) }
  const peer = { identitySeed: boot.identitySeed, config: config as RoleConfig }
  return {
    identity: identityFromSeed(boot.identitySeed),
    createMachine: () => buildMachine(network, peer),
    codec: createCodec({ networkId: genesis.networkId, crypto: nodeCryptography }),
    streams: Object.keys(streams),
    topics: Object.keys(topics),
    compute: computeJob,
  }
})
