import { createHash } from 'node:crypto'
import { type Genesis, type Role, toHex } from '@infermesh/protocol'
import { identityFromSeed, seedOf } from '@infermesh/protocol/node'
import { clientName, type Scenario } from '@infermesh/scenario'
import { liesOf } from './lies.ts'
import { parametersOf } from './parameters.ts'
import { configOf, type RoleConfig, withLies } from './role-configs.ts'
import { topologyOf } from './topology.ts'

/** One peer as a world starts it. */
export interface PlannedPeer {
  readonly name: string
  readonly role: Role
  /** Ed25519 seed, 32 bytes, from the run's seed and the name. */
  readonly identitySeed: Uint8Array
  readonly config: RoleConfig
  /** Whom it dials. */
  readonly dial: readonly string[]
  /** Peers that share an operating-system process name the same one. */
  readonly process?: string
}

/** A scenario turned into peers with keys and configurations. */
export interface NetworkPlan {
  readonly genesis: Genesis
  readonly runSeed: string
  readonly platformSeed: Uint8Array
  readonly peers: readonly PlannedPeer[]
}

export interface PlanOptions {
  /** Adds the client peer that signs what HTTP callers ask. */
  readonly httpClient?: boolean
}

/** Name of that peer. */
export const HTTP_CLIENT = 'client-http'

/** Coins of each client and operator when the network starts. */
const BALANCE = 1_000_000_000
const CLIENTS_PER_PROCESS = 10

interface Seat {
  readonly name: string
  readonly role: Role
  readonly process?: string
  readonly dials?: 'relay'
}

/** Equal scenarios give equal plans, with equal keys. */
export function planNetwork(scenario: Scenario, options: PlanOptions = {}): NetworkPlan {
  const runSeed = `${scenario.name}/${scenario.seed}`
  const platformSeed = seedOf(runSeed, 'attestation root')
  const taken: readonly Seat[] = [
    ...scenario.peers,
    ...clientSeats(scenario),
    ...(options.httpClient === true ? [{ name: HTTP_CLIENT, role: 'client' as const }] : []),
  ]
  const seats = taken.map((seat) => ({ ...seat, identitySeed: seedOf(runSeed, seat.name) }))
  // Gateways pay for what comes to them sealed.
  const isOblivious = scenario.peers.some(({ role }) => role === 'relay')
  const members = seats.map(({ name, role, identitySeed }) => ({
    name,
    role,
    peerId: identityFromSeed(identitySeed).peerId,
    balance: role === 'client' || role === 'operator' || (role === 'gateway' && isOblivious) ? BALANCE : 0,
  }))
  const genesis: Genesis = {
    networkId: createHash('sha256').update(runSeed).digest('hex').slice(0, 16),
    members,
    parameters: parametersOf(scenario),
    attestationRoot: toHex(identityFromSeed(platformSeed).publicKey),
  }
  const gateways = members.filter(({ role }) => role === 'gateway').map(({ peerId }) => peerId)
  const relays = members.filter(({ role }) => role === 'relay').map(({ peerId }) => peerId)
  const links = topologyOf(scenario.seed, seats)
  const peerIds = new Map(members.map(({ name, peerId }) => [name, peerId]))
  const peers = seats.map((seat) => ({
    ...seat,
    config: withLies(configOf(seat.name, seat.role, scenario, { gateways, relays }), liesOf(seat.name, scenario, peerIds)),
    dial: links.get(seat.name) ?? [],
  }))
  return { genesis, runSeed, platformSeed, peers }
}

/** Load clients share processes: they are the load, not the system under test. One whose process a fault is about has its own. */
function clientSeats(scenario: Scenario): readonly Seat[] {
  const alone = new Set(scenario.faults.flatMap((fault) => (processFaults.has(fault.kind) && 'peers' in fault ? fault.peers : [])))
  return scenario.load.flatMap((load, index) =>
    Array.from({ length: load.client }, (_, client) => clientName(index, client)).map((name, client) => ({
      name,
      role: 'client' as const,
      ...(alone.has(name) ? {} : { process: `clients-${index}-${Math.floor(client / CLIENTS_PER_PROCESS)}` }),
      ...(load.oblivious === undefined ? {} : { dials: 'relay' as const }),
    })),
  )
}

const processFaults: ReadonlySet<string> = new Set(['crash', 'restart', 'pause', 'resume', 'churn', 'disk'])
