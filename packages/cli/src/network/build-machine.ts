import type { Cryptography } from '@infermesh/kernel'
import {
  type Answerer,
  createClient,
  createGateway,
  createGrantor,
  createHub,
  createIssuer,
  createLiar,
  createOperator,
  createRelay,
  createSettler,
  createVerifier,
  referenceAnswer,
} from '@infermesh/peers'
import type { Genesis, PeerMachine, PeerServices } from '@infermesh/protocol'
import { identityFromSeed } from '@infermesh/protocol/node'
import type { SeededSecrets } from './oblivious-services.ts'
import { peerServices } from './peer-services.ts'
import type { RoleConfig } from './role-configs.ts'

/** What a machine needs beside its own configuration; the same for every peer of a network. */
export interface NetworkSeeds {
  readonly genesis: Genesis
  readonly runSeed: string
  readonly platformSeed: Uint8Array
  /** The real curves unless told; a virtual world shares one that remembers what has verified. */
  readonly crypto?: Cryptography
  /** Set by virtual worlds alone, whose runs must repeat: without it secrets come from the operating system. */
  readonly secrets?: SeededSecrets
}

type Planned = { readonly identitySeed: Uint8Array; readonly config: RoleConfig }

/** A peer's machine from its plan. */
export const buildMachine = (network: NetworkSeeds, peer: Planned): PeerMachine => machineBuilder(network, peer).make()

/** The same in two steps, for those who change what a machine is made of. */
export function machineBuilder(network: NetworkSeeds, peer: Planned): MachineBuilder {
  const services = peerServices(network.genesis, identityFromSeed(peer.identitySeed), {
    run: network.runSeed,
    platform: network.platformSeed,
    ...(network.crypto === undefined ? {} : { crypto: network.crypto }),
    ...(network.secrets === undefined ? {} : { secrets: network.secrets }),
  })
  return {
    services,
    make: ({ services: own = services, answerer: honest = referenceAnswer, config = peer.config } = {}) => {
      const { lies = [] } = config
      if (lies.length === 0) return machineOf(config, own, honest)
      return createLiar((answerer) => machineOf(config, own, answerer), lies, own)
    },
  }
}

export interface MachineBuilder {
  readonly services: PeerServices
  make(changes?: { readonly services?: PeerServices; readonly answerer?: Answerer; readonly config?: RoleConfig }): PeerMachine
}

/** The only place that knows every role. */
function machineOf({ role, config }: RoleConfig, services: PeerServices, answerer: Answerer): PeerMachine {
  switch (role) {
    case 'client':
      return createClient(config, services)
    case 'gateway':
      return createGateway(config, services)
    case 'hub':
      return createHub(config, services)
    case 'relay':
      return createRelay(config, services)
    case 'issuer':
      return createIssuer(config, services)
    case 'operator':
      return createOperator(config, services, answerer)
    case 'grantor':
      return createGrantor(config, services)
    case 'settler':
      return createSettler(config, services)
    case 'verifier':
      return createVerifier(config, services)
  }
}
