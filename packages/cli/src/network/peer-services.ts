import { type Cryptography, type PeerIdentity, randomFrom } from '@infermesh/kernel'
import { Directory, type Genesis, type PeerServices, type SealingContext, Signer } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography } from '@infermesh/protocol/node'
import { seededSecrets, systemSecrets } from './oblivious-services.ts'

/** What a machine is handed at construction, with the real curves. Equal seeds, equal services. */
export function peerServices(
  genesis: Genesis,
  identity: PeerIdentity,
  seeds: { readonly run: string; readonly platform: Uint8Array; readonly crypto?: Cryptography; readonly secrets?: 'seeded' },
): PeerServices {
  const { crypto = nodeCryptography } = seeds
  const context: SealingContext = { networkId: genesis.networkId, crypto }
  // The simulated platform under every peer: one root key signs what runs there, as a vendor's would.
  const platform = new Signer(identityFromSeed(seeds.platform), context)
  const random = randomFrom(`${seeds.run}/${identity.peerId}`)
  return {
    identity,
    directory: new Directory(genesis),
    crypto,
    random,
    oblivious: seeds.secrets === 'seeded' ? seededSecrets(genesis.networkId, random.fork('secrets')) : systemSecrets(),
    attest: ({ measurement, userData, nonce }, now) =>
      platform.sign('attestation', { subject: identity.peerId, measurement, userData, nonce }, now),
  }
}
