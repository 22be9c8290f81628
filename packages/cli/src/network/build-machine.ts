import { createClient, createGateway, createGrantor, createHub, createOperator, createSettler, createVerifier } from '@infermesh/peers'
import type { Genesis, PeerMachine } from '@infermesh/protocol'
import { identityFromSeed } from '@infermesh/protocol/node'
import { peerServices } from './peer-services.ts'
import type { RoleConfig } from './role-configs.ts'

/** What a machine needs beside its own configuration; the same for every peer of a network. */
export interface NetworkSeeds {
  readonly genesis: Genesis
  readonly runSeed: string
  readonly platformSeed: Uint8Array
}

/** A peer's machine from its plan: the only place that knows every role. */
export function buildMachine(network: NetworkSeeds, peer: { readonly identitySeed: Uint8Array; readonly config: RoleConfig }): PeerMachine {
  const services = peerServices(network.genesis, identityFromSeed(peer.identitySeed), {
    run: network.runSeed,
    platform: network.platformSeed,
  })
  const { role, config } = peer.config
  switch (role) {
    case 'client':
      return createClient(config, services)
    case 'gateway':
      return createGateway(config, services)
    case 'hub':
      return createHub(config, services)
    case 'operator':
      return createOperator(config, services)
    case 'grantor':
      return createGrantor(config, services)
    case 'settler':
      return createSettler(config, services)
    case 'verifier':
      return createVerifier(config, services)
  }
}
