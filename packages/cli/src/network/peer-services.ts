import { type Cryptography, type PeerIdentity, randomFrom } from '@infermesh/kernel'
import { Directory, type Genesis, type PeerServices, type SealingContext, Signer } from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography } from '@infermesh/protocol/node'
import { type SeededSecrets, seededSecrets, systemSecrets } from './oblivious-services.ts'

/** What a machine is handed at construction, with the real curves. Equal seeds, equal services. */
export function peerServices(
  genesis: Genesis,
  identity: PeerIdentity,
  seeds: { readonly run: string; readonly platform: Uint8Array; readonly crypto?: Cryptography; readonly secrets?: SeededSecrets },
): PeerServices {
  const { crypto = nodeCryptography } = seeds
  const context: SealingContext = { networkId: genesis.networkId, crypto }
  // The simulated platform under every peer: one root key signs what runs there, as a vendor's would.
  const platform = new Signer(identityFromSeed(seeds.platform), context)
  const random = randomFrom(`${seeds.run}/${identity.peerId}`)
  return {
    identity,
    directory: directoryOf(genesis),
    crypto,
    random,
    oblivious: seeds.secrets === undefined ? systemSecrets() : seededSecrets(seeds.secrets, genesis.networkId, random.fork('secrets')),
    attest: ({ measurement, userData, nonce }, now) =>
      platform.sign('attestation', { subject: identity.peerId, measurement, userData, nonce }, now),
  }
}

const directories = new WeakMap<Genesis, Directory>()

/** Peers of one process share it: it never changes, and ten thousand of ten thousand members would fill the memory. */
function directoryOf(genesis: Genesis): Directory {
  const known = directories.get(genesis) ?? new Directory(genesis)
  directories.set(genesis, known)
  return known
}
