import { subscribe, type TraceRecord } from '@infermesh/kernel'
import type { Envelope, Message, NetworkEvent, Parameters, PeerMachine } from '@infermesh/protocol'
import { constantLatency, createMessageWorld, type MessageWorld } from '@infermesh/sim'
import type { AnswerEvent } from '../src/client/answer-events.ts'
import { createClient } from '../src/client/client.ts'
import type { ClientConfig } from '../src/client/client-config.ts'
import { createGateway } from '../src/gateway/gateway.ts'
import type { GatewayConfig } from '../src/gateway/gateway-config.ts'
import { createGrantor } from '../src/grantor/grantor.ts'
import { createHub } from '../src/hub/hub.ts'
import { createOperator } from '../src/operator/operator.ts'
import type { OperatorConfig, PublishedModel } from '../src/operator/operator-config.ts'
import type { ReferenceWeights } from '../src/operator/reference-weights.ts'
import { type SmallNetwork, smallNetwork } from './small-network.ts'

export const profile = { prefillTokensPerSecond: 10_000, decodeMsPerToken: 10, slots: 4, loadBytesPerSecond: 1e9 }

export const published: PublishedModel & { readonly weights: ReferenceWeights } = {
  model: 'acme/echo@1.0',
  weights: { seed: 'echo', bytes: 300_000 },
  engineBuild: 'reference-1',
  verifyTier: 're-execution',
  pricePromptPerMillion: 1_000_000,
  priceAnswerPerMillion: 2_000_000,
}

export interface ServingWorldOptions {
  readonly operators?: number
  readonly gateways?: number
  readonly grantors?: number
  readonly parameters?: Partial<Parameters>
  readonly client?: Partial<ClientConfig>
  readonly gateway?: GatewayConfig
  /** Changes one operator's configuration. */
  readonly operator?: (name: string, config: OperatorConfig) => OperatorConfig
  /** Stands a machine in for another, by the peer's name. */
  readonly replace?: (name: string, machine: PeerMachine) => PeerMachine
  readonly seed?: number
  readonly weightsBytes?: number
}

export interface ServingWorld {
  readonly world: MessageWorld<Message, Envelope>
  readonly network: SmallNetwork
  readonly records: TraceRecord<NetworkEvent>[]
  /** Receipts that gossip brought to `settler-0`, which does nothing but listen. */
  readonly receipts: Envelope<'receipt'>[]
  /** Events of one type, with their peers' names. */
  events<T extends NetworkEvent['type']>(
    type: T,
  ): readonly (Extract<NetworkEvent, { readonly type: T }> & { readonly peer: string; readonly at: number })[]
  /** Hands the client a request now. What it hears is added to the list; the function hangs up. */
  submit(argument: object): { readonly heard: AnswerEvent[]; readonly cancel: () => void }
}

/** A client, gateways, a hub and operators that all serve one public model, in virtual time. The first operator publishes it. */
export function servingWorld(options: ServingWorldOptions = {}): ServingWorld {
  const { operators = 3, gateways = 2, grantors = 0, parameters = {}, seed = 1 } = options
  const network = smallNetwork({ client: 1, gateway: gateways, hub: 1, operator: operators, settler: 1, grantor: grantors }, parameters)
  const records: TraceRecord<NetworkEvent>[] = []
  const receipts: Envelope<'receipt'>[] = []
  const world = createMessageWorld<Message, Envelope>({
    seed,
    latency: constantLatency(5),
    traceGossip: false,
    peers: network.genesis.members.map(({ name, peerId, role }) => ({
      ...{ name, peerId, role },
      createMachine: () => {
        const machine = role === 'settler' ? listener(receipts) : machineOf(name, role, network, options)
        return options.replace?.(name, machine) ?? machine
      },
    })),
    onRecord: (record) => records.push(record as TraceRecord<NetworkEvent>),
  })
  return {
    ...{ world, network, records, receipts },
    events: (type) =>
      records.flatMap(({ event, peer, at }) =>
        event.type === type ? [{ ...(event as Extract<NetworkEvent, { type: typeof type }>), peer, at }] : [],
      ),
    submit(argument) {
      const heard: AnswerEvent[] = []
      const message = { type: 'Command', name: 'submit', argument: JSON.stringify(argument) } as const
      const cancel = world.ask('client-0', { stream: 'control', message, timeout: 600_000 }, (answer) => {
        if (answer.type === 'response' && answer.message.type === 'CommandDone') heard.push(JSON.parse(answer.message.result))
      })
      return { heard, cancel }
    },
  }
}

function machineOf(name: string, role: string, network: SmallNetwork, options: ServingWorldOptions): PeerMachine {
  const services = network.servicesOf(name)
  if (role === 'client') {
    return createClient({ gateways: network.directory.all('gateway').map(({ peerId }) => peerId), ...options.client }, services)
  }
  if (role === 'gateway') return createGateway(options.gateway ?? {}, services)
  if (role === 'hub') return createHub({}, services)
  if (role === 'grantor') return createGrantor({}, services)
  const release = { ...published, weights: { ...published.weights, bytes: options.weightsBytes ?? published.weights.bytes } }
  const config: OperatorConfig = { profile, publishes: name === 'operator-0' ? [release] : [], serves: [published.model] }
  return createOperator(options.operator?.(name, config) ?? config, services)
}

const listener = (receipts: Envelope<'receipt'>[]): PeerMachine => ({
  handle(input) {
    if (input.type === 'started') return [subscribe('receipts')]
    if (input.type === 'gossip' && input.envelope.type === 'receipt') receipts.push(input.envelope)
    return []
  },
})
