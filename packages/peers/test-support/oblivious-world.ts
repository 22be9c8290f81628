import { generateKeyPairSync } from 'node:crypto'
import { type Random, randomFrom, type TraceRecord } from '@infermesh/kernel'
import type { Envelope, Message, NetworkEvent, PeerMachine, PeerServices } from '@infermesh/protocol'
import type { ObliviousServices } from '@infermesh/protocol/oblivious'
import { nodePrimitives } from '@infermesh/protocol/oblivious/node'
import type { RsaPrivateKey } from '@infermesh/protocol/tokens'
import { nodeRsa, rsaKeyFromPem } from '@infermesh/protocol/tokens/node'
import { constantLatency, createMessageWorld, type MessageWorld } from '@infermesh/sim'
import type { AnswerEvent } from '../src/client/answer-events.ts'
import { createClient } from '../src/client/client.ts'
import type { ObliviousClientConfig } from '../src/client/oblivious/oblivious-config.ts'
import { createGateway } from '../src/gateway/gateway.ts'
import type { ObliviousGatewayConfig } from '../src/gateway/oblivious/oblivious-config.ts'
import { createHub } from '../src/hub/hub.ts'
import { createIssuer } from '../src/issuer/issuer.ts'
import { createOperator } from '../src/operator/operator.ts'
import { createRelay } from '../src/relay/relay.ts'
import type { RelayConfig } from '../src/relay/relay-config.ts'
import { createSettler } from '../src/settler/settler.ts'
import { profile, published } from './serving-world.ts'
import { type SmallNetwork, smallNetwork } from './small-network.ts'

export const measurement = 'ab'.repeat(32)
const primitives = nodePrimitives()
const rsa = nodeRsa()
const issuerKey = rsaKeyFromPem(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
)

/** Seeded secrets, for worlds whose runs must repeat. */
export const seededSecrets = (random: Random, makeKey = (): RsaPrivateKey => issuerKey): ObliviousServices => ({
  primitives,
  rsa,
  entropy: (length) => Uint8Array.from({ length }, () => random.below(256)),
  issuerKey: makeKey,
})

export interface ObliviousWorldOptions {
  readonly clients?: number
  readonly relays?: number
  readonly gateways?: number
  /** Without any there is no log: tokens are then given away, and nobody is paid. */
  readonly settlers?: number
  /** Coins of each peer at the start. */
  readonly balance?: number
  /** Makes the issuer's key, if it asks for one. */
  readonly issuerKey?: () => RsaPrivateKey
  /** How far the world has run when it is handed over. */
  readonly readyAt?: number
  readonly client?: Partial<ObliviousClientConfig>
  readonly gateway?: Partial<ObliviousGatewayConfig>
  readonly relay?: RelayConfig
  /** Stands a machine in for another, by the peer's name. */
  readonly replace?: (name: string, machine: PeerMachine, network: SmallNetwork) => PeerMachine
}

export interface ObliviousWorld {
  readonly world: MessageWorld<Message, Envelope>
  readonly network: SmallNetwork
  readonly records: TraceRecord<NetworkEvent>[]
  events<T extends NetworkEvent['type']>(type: T): readonly (Extract<NetworkEvent, { readonly type: T }> & { readonly peer: string })[]
  /** Hands a client a request now; what it hears is added to the list. */
  submit(argument: object, client?: string): { readonly heard: AnswerEvent[]; readonly cancel: () => void }
}

/** Clients that ask sealed, relays, gateways, an issuer, and operators that serve one public model, in virtual time. */
export function obliviousWorld(options: ObliviousWorldOptions = {}): ObliviousWorld {
  const { clients = 1, relays = 2, gateways = 1, settlers = 0, balance, readyAt = READY_AT } = options
  const network = smallNetwork(
    { client: clients, relay: relays, gateway: gateways, issuer: 1, hub: 1, operator: 2, settler: settlers },
    {},
    balance,
  )
  const records: TraceRecord<NetworkEvent>[] = []
  const lives = new Map<string, number>()
  const create = (name: string, role: string): PeerMachine => {
    const life = lives.get(name) ?? 0
    lives.set(name, life + 1)
    const machine = machineOf(
      name,
      role,
      { ...network.servicesOf(name), oblivious: seededSecrets(randomFrom(`${name}/${life}`), options.issuerKey) },
      options,
    )
    return options.replace?.(name, machine, network) ?? machine
  }
  const world = createMessageWorld<Message, Envelope>({
    seed: 1,
    latency: constantLatency(5),
    traceGossip: false,
    peers: network.genesis.members.map(({ name, peerId, role }) => ({
      ...{ name, peerId, role },
      createMachine: () => create(name, role),
    })),
    onRecord: (record) => records.push(record as TraceRecord<NetworkEvent>),
  })
  world.start()
  world.run(readyAt)
  return {
    ...{ world, network, records },
    events: (type) =>
      records.flatMap(({ event, peer }) =>
        event.type === type ? [{ ...(event as Extract<NetworkEvent, { type: typeof type }>), peer }] : [],
      ),
    submit(argument, client = 'client-0') {
      const heard: AnswerEvent[] = []
      const message = { type: 'Command', name: 'submit', argument: JSON.stringify(argument) } as const
      const cancel = world.ask(client, { stream: 'control', message, timeout: 600_000 }, (answer) => {
        if (answer.type === 'response' && answer.message.type === 'CommandDone') heard.push(JSON.parse(answer.message.result))
      })
      return { heard, cancel }
    },
  }
}

function machineOf(name: string, role: string, services: PeerServices, options: ObliviousWorldOptions): PeerMachine {
  const idsOf = (wanted: 'gateway' | 'relay') => services.directory.all(wanted).map(({ peerId }) => peerId)
  if (role === 'client') {
    return createClient({ gateways: idsOf('gateway'), oblivious: { relays: idsOf('relay'), measurement, ...options.client } }, services)
  }
  if (role === 'gateway') return createGateway({ oblivious: { measurement, ...options.gateway } }, services)
  if (role === 'relay') return createRelay(options.relay ?? {}, services)
  if (role === 'issuer') return createIssuer({}, services)
  if (role === 'settler') return createSettler({}, services)
  if (role === 'hub') return createHub({}, services)
  return createOperator({ profile, publishes: name === 'operator-0' ? [published] : [], serves: [published.model] }, services)
}

/** By then models are published and announced, and keys are known. */
const READY_AT = 4_000
