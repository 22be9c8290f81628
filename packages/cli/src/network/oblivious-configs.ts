import { createHash } from 'node:crypto'
import type { ClientPeerConfig, GatewayPeerConfig, RelayConfig } from '@infermesh/peers'
import { clientName, type Scenario, type ScenarioPeer } from '@infermesh/scenario'

/** Peer ids that clients' configurations name. */
export interface KnownPeers {
  readonly gateways: readonly string[]
  readonly relays: readonly string[]
}

/** What the simulated platforms attest of gateways: the code that holds the keys that requests are sealed to. */
const MEASUREMENT = createHash('sha256').update('infermesh gateway/1').digest('hex')
/** What one blind token pays for at the default price, with room for rounding. */
const TOKEN_TERMS = { answerTokens: 128, promptTokens: 1_024, worth: 1_000 }

/** Clients of an oblivious load ask sealed. The one that asks for HTTP callers never does: those seal for themselves. */
export function clientConfig(name: string, scenario: Scenario, { gateways, relays }: KnownPeers): ClientPeerConfig {
  const load = scenario.load.find((_, index) => name.startsWith(clientName(index, '')))
  if (load?.oblivious === undefined) return { gateways }
  const { padding, salted, tokens, relays: relayChoice, gateways: gatewayChoice, cover } = load.oblivious
  return {
    gateways,
    oblivious: {
      relays,
      measurement: MEASUREMENT,
      ...(padding === undefined ? {} : { padding }),
      ...(salted === undefined ? {} : { salted }),
      ...(tokens === undefined ? {} : { tokens: { lot: tokens, ...TOKEN_TERMS } }),
      ...(relayChoice === undefined ? {} : { relayChoice }),
      ...(gatewayChoice === undefined ? {} : { gatewayChoice }),
      ...(cover === undefined ? {} : { cover }),
    },
  }
}

/** In a network with relays every gateway takes sealed requests. */
export function gatewayConfig(peer: ScenarioPeer, scenario: Scenario): GatewayPeerConfig {
  const policy = peer.routing
  if (!scenario.peers.some(({ role }) => role === 'relay')) return { policy }
  const { answers, payment, keyLife } = peer.oblivious ?? {}
  return {
    policy,
    oblivious: {
      measurement: MEASUREMENT,
      ...(answers === undefined ? {} : { answers }),
      ...(payment === undefined ? {} : { payment }),
      ...(keyLife === undefined ? {} : { keyLife }),
    },
  }
}

export const relayConfig = ({ delay, answerDelay }: ScenarioPeer): RelayConfig => ({
  ...(delay === undefined ? {} : { delay }),
  ...(answerDelay === undefined ? {} : { answerDelay }),
})
