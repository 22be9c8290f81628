import { randomFrom } from '@infermesh/kernel'
import {
  Directory,
  defaultParameters,
  type Genesis,
  type Parameters,
  type PeerServices,
  type Role,
  Signer,
  toHex,
} from '@infermesh/protocol'
import { identityFromSeed, nodeCryptography, seedOf } from './cryptography.ts'

export interface SmallNetwork {
  readonly genesis: Genesis
  readonly directory: Directory
  /** The peer id of a name, as `gateway-0`. */
  idOf(name: string): string
  servicesOf(name: string): PeerServices
  /** A signer in a peer's name, for tests that play a peer themselves. */
  signerOf(name: string): Signer
}

const NETWORK_ID = 'small'

/** A genesis with these peers (`operator-0`, …), real keys, and a simulated attestation root. */
export function smallNetwork(
  counts: Partial<Record<Role, number>>,
  parameters: Partial<Parameters> = {},
  balance = 1_000_000_000,
): SmallNetwork {
  const root = identityFromSeed(seedOf(NETWORK_ID, 'attestation root'))
  const identities = new Map(namesOf(counts).map(({ name, role }) => [name, { role, ...identityFromSeed(seedOf(NETWORK_ID, name)) }]))
  const genesis: Genesis = {
    networkId: NETWORK_ID,
    members: [...identities].map(([name, { role, peerId }]) => ({ name, role, peerId, balance })),
    parameters: { ...defaultParameters, ...parameters },
    attestationRoot: toHex(root.publicKey),
  }
  const directory = new Directory(genesis)
  const context = { networkId: NETWORK_ID, crypto: nodeCryptography }
  const platform = new Signer(root, context)
  const identityOf = (name: string) => {
    const identity = identities.get(name)
    if (identity === undefined) throw new Error(`no peer is called ${name}; there are ${[...identities.keys()].join(', ')}`)
    return identity
  }
  return {
    genesis,
    directory,
    idOf: (name) => identityOf(name).peerId,
    signerOf: (name) => new Signer(identityOf(name), context),
    servicesOf(name) {
      const identity = identityOf(name)
      const attest: PeerServices['attest'] = (statement, now) =>
        platform.sign('attestation', { subject: identity.peerId, ...statement }, now)
      return { identity, directory, crypto: nodeCryptography, random: randomFrom(name), attest }
    },
  }
}

const namesOf = (counts: Partial<Record<Role, number>>): { name: string; role: Role }[] =>
  (Object.entries(counts) as [Role, number][]).flatMap(([role, count]) =>
    Array.from({ length: count }, (_, index) => ({ name: `${role}-${index}`, role })),
  )
