import { type Millis, setTimer, type TraceRecord } from '@infermesh/kernel'
import type { Envelope, Message, NetworkEvent, Parameters, PeerEffect, PeerInput, PeerMachine, PeerServices } from '@infermesh/protocol'
import { constantLatency, createMessageWorld, type LinkModel, type MessageWorld } from '@infermesh/sim'
import { LeaseView, type Target } from '../src/gateway/lease-view/lease-view.ts'
import { createGrantor } from '../src/grantor/grantor.ts'
import { createOperator } from '../src/operator/operator.ts'
import type { StandbyConfig } from '../src/operator/private-models/config.ts'
import { nodeCryptography } from './cryptography.ts'
import { PrivatePeer } from './private-peer.ts'
import { rememberingCryptography } from './remembering-cryptography.ts'
import { type SmallNetwork, smallNetwork } from './small-network.ts'

export const model = 'acme/contract-risk@1.0'
const remembering = rememberingCryptography(nodeCryptography)

export const measurement = 'ab'.repeat(32)
export const weightsBytes = 40_000

/** Stands a machine in for another, or leaves it. */
export type Replacement = (name: string, machine: PeerMachine, services: PeerServices) => PeerMachine

export interface PrivateWorldOptions {
  /** Of `operator-0`; names are `operator-1` and so on. */
  readonly standbys: readonly StandbyConfig[]
  readonly operators?: number
  readonly grantors?: number
  readonly parameters?: Partial<Parameters>
  readonly seed?: number
  readonly latency?: LinkModel
  /** How long it takes to load the weights. */
  readonly loadMs?: Millis
  /** What runs at a peer, if not the delegated code. */
  readonly measurementOf?: (name: string) => string
  readonly replace?: Replacement
  /** How long a broken connection may look whole to one end. */
  readonly keepAliveMs?: Millis
  /** Operators without their serving side, whose permission can be asked at any instant. */
  readonly bare?: boolean
}

export interface TargetSeen {
  readonly at: Millis
  readonly target: Target
}

export interface PrivateWorld {
  readonly world: MessageWorld<Message, Envelope>
  readonly network: SmallNetwork
  events<T extends NetworkEvent['type']>(
    type: T,
  ): readonly (Extract<NetworkEvent, { readonly type: T }> & { readonly peer: string; readonly at: number })[]
  /** Each change of what `gateway-0` would do with a request, in order. */
  readonly targets: readonly TargetSeen[]
  /** The gateway's target after so much time. */
  targetAt(at: Millis): Target | undefined
  /** A command at a peer, from its own machine. The answers come into the list. */
  command(peer: string, name: string, argument: object): readonly Message[]
}

/** One owner (`operator-0`), its standbys, grantors and a gateway that only looks, in virtual time. */
export function privateWorld(options: PrivateWorldOptions): PrivateWorld {
  const { operators = options.standbys.length + 1, grantors = 5, parameters = {}, seed = 1, latency = constantLatency(20) } = options
  const network = smallNetwork({ operator: operators, grantor: grantors, gateway: 1 }, parameters)
  const records: TraceRecord<NetworkEvent>[] = []
  const targets: TargetSeen[] = []
  const world = createMessageWorld<Message, Envelope>({
    ...{ seed, latency, traceGossip: false },
    ...(options.keepAliveMs === undefined ? {} : { keepAliveMs: options.keepAliveMs }),
    peers: network.genesis.members.map(({ name, peerId, role }) => ({
      ...{ name, peerId, role },
      createMachine: () => {
        const services = { ...network.servicesOf(name), crypto: remembering }
        const machine = machineOf(name, services, { options, targets })
        return options.replace?.(name, machine, services) ?? machine
      },
    })),
    onRecord: (record) => records.push(record as TraceRecord<NetworkEvent>),
  })
  return {
    ...{ world, network, targets },
    targetAt: (at) => targets.findLast((seen) => seen.at <= at)?.target,
    events: (type) =>
      records.flatMap(({ event, peer, at }) =>
        event.type === type ? [{ ...(event as Extract<NetworkEvent, { type: typeof type }>), peer, at }] : [],
      ),
    command(peer, name, argument) {
      const answers: Message[] = []
      const message = { type: 'Command', name, argument: JSON.stringify(argument) } as const
      world.ask(peer, { stream: 'control', message }, (answer) => {
        if (answer.type === 'response') answers.push(answer.message)
      })
      return answers
    },
  }
}

interface Scene {
  readonly options: PrivateWorldOptions
  readonly targets: TargetSeen[]
}

function machineOf(name: string, services: PeerServices, { options, targets }: Scene): PeerMachine {
  if (name.startsWith('grantor')) return createGrantor({}, services)
  if (name.startsWith('gateway')) return new Watcher(services, targets)
  const { loadMs = 0, standbys } = options
  const loadBytesPerSecond = loadMs === 0 ? 1e12 : (weightsBytes * 1000) / loadMs
  const profile = { prefillTokensPerSecond: 10_000, decodeMsPerToken: 10, slots: 4, loadBytesPerSecond }
  const owned = {
    ...{ model, measurement, standbys, engineBuild: 'reference-1' },
    weights: { seed: 'contract-risk', bytes: weightsBytes },
    prices: { promptPerMillion: 1_000_000, answerPerMillion: 2_000_000 },
  }
  const owns = name === 'operator-0' ? [owned] : []
  const ownMeasurement = options.measurementOf?.(name) ?? measurement
  if (options.bare) return new PrivatePeer({ owns, measurement: ownMeasurement, loadBytesPerSecond }, services)
  return createOperator({ profile, measurement: ownMeasurement, owns }, services)
}

/** A gateway's eyes without its hands: notes each change of the target. */
class Watcher implements PeerMachine {
  readonly #view: LeaseView
  readonly #targets: TargetSeen[]
  #said = ''

  constructor(services: PeerServices, targets: TargetSeen[]) {
    this.#view = new LeaseView(services)
    this.#targets = targets
  }

  handle(input: PeerInput, now: Millis): readonly PeerEffect[] {
    const effects = this.#perform(input, now)
    const target = this.#view.target(model, now)
    if (JSON.stringify(target) !== this.#said) this.#targets.push({ at: now, target })
    this.#said = JSON.stringify(target)
    return effects
  }

  #perform(input: PeerInput, now: Millis): readonly PeerEffect[] {
    if (input.type === 'started') return [...this.#view.onStarted(input.saved, now), setTimer('tick', 50)]
    if (input.type === 'gossip') return this.#view.onEnvelope(input.envelope, now)
    if (input.type === 'peerLost') return this.#view.onPeerLost(input.peer, now)
    return input.type === 'timer' ? [...this.#view.tick(now), setTimer('tick', 50)] : []
  }
}
