import type { Cryptography, Millis } from '@infermesh/kernel'
import { type Envelope, encodeMessage, type Message, type PeerMachine } from '@infermesh/protocol'
import { type Action, type Arrival, commandText, faultText, type NetworkRecord, type Scenario } from '@infermesh/scenario'
import {
  constantLatency,
  everyLink,
  type LinkModel,
  lognormalLatency,
  loss,
  type MessageWorld,
  type MessageWorldOptions,
} from '@infermesh/sim'
import { faultHostOf, type VirtualControls } from '../faults/fault-host.ts'
import { FaultInjector } from '../faults/fault-injector.ts'
import { PeerWatch } from '../faults/peer-watch.ts'
import { PlaintextWatch } from '../faults/plaintext-watch.ts'
import { type CutSide, SaveCuts } from '../faults/save-cuts.ts'
import { usualRate } from '../faults/usual-rate.ts'
import { type MachineBuilder, machineBuilder } from '../network/build-machine.ts'
import type { NetworkPlan, PlannedPeer } from '../network/network-plan.ts'
import type { SeededSecrets } from '../network/oblivious-services.ts'
import type { RoleConfig } from '../network/role-configs.ts'
import { worldCryptography } from '../network/world-cryptography.ts'
import { commanded, submission, turnAfter } from './turns.ts'

/** Changes a peer's machine. Tests plant bugs with it; no scenario and no command can. */
export type Alteration = (peer: PlannedPeer, builder: MachineBuilder) => PeerMachine

/** What some peers are told anew while the network runs: machines that are made from an instant on have these configurations. */
export interface Told {
  readonly from: Millis
  readonly configs: ReadonlyMap<string, RoleConfig>
}

/** What both virtual worlds are told, and tell. */
export interface VirtualOrder {
  readonly scenario: Scenario
  readonly plan: NetworkPlan
  readonly timeline: readonly Action[]
  readonly say: (text: string) => void
  /** Turns of conversations that are still to come: the run is not over while some are owed. */
  readonly owe: (turns: 1 | -1) => void
  readonly told?: Told
}

/** The world as a run drives it, whether its time is advanced by call or by promise. */
export type VirtualHost = VirtualControls & Pick<MessageWorld<Message, Envelope>, 'at'>

/** What may wait at a line before it overflows, where lines have a rate. */
const LINE_QUEUE_BYTES = 4 * 1024 * 1024

/** Machines, faults and load of one run in virtual time, whichever world carries the messages. */
export class VirtualNetwork {
  readonly plaintext: PlaintextWatch
  /** What every peer signs and verifies with, and whoever reads the run's log. */
  readonly crypto: Cryptography
  readonly #order: VirtualOrder
  readonly #alter: Alteration
  readonly #watch = new PeerWatch(() => this.#host?.now() ?? 0)
  readonly #watched: ReadonlySet<string>
  readonly #lives = new Map<string, number>()
  readonly #cuts = new SaveCuts((peer, afterEffects) => this.#host?.crash(peer, { afterEffects, reason: 'a fault of the scenario' }))
  readonly #isCut: ReadonlySet<string>
  #host: VirtualHost | undefined
  #injector: FaultInjector | undefined

  constructor(order: VirtualOrder, alter: Alteration = (_peer, builder) => builder.make()) {
    this.#order = order
    this.#alter = alter
    this.crypto = worldCryptography(order.scenario, order.plan)
    this.plaintext = new PlaintextWatch(order.scenario, order.plan.genesis)
    this.#watched = new Set(order.scenario.faults.flatMap((fault) => (fault.kind === 'clock' || fault.kind === 'disk' ? fault.peers : [])))
    this.#isCut = new Set(order.scenario.faults.flatMap((fault) => (fault.kind === 'crash' && fault.cut !== undefined ? fault.peers : [])))
  }

  createMachine(peer: PlannedPeer): PeerMachine {
    // Another life draws other nonces.
    const life = this.#lives.get(peer.name) ?? 0
    this.#lives.set(peer.name, life + 1)
    const { plan, scenario } = this.#order
    const secrets: SeededSecrets = scenario.crypto === 'sized' ? 'sized' : 'seeded'
    const network = { ...plan, crypto: this.crypto, runSeed: `${plan.runSeed}/${life}`, secrets }
    const machine = this.plaintext.wrap(peer.name, this.#alter(peer, machineBuilder(network, { ...peer, config: this.#configOf(peer) })))
    const watched = this.#watched.has(peer.name) ? this.#watch.wrap(peer.name, machine) : machine
    return this.#isCut.has(peer.name) ? this.#cuts.wrap(peer.name, watched) : watched
  }

  #configOf({ name, config }: PlannedPeer): RoleConfig {
    const { told } = this.#order
    const now = this.#host?.now() ?? 0
    return told === undefined || now < told.from ? config : (told.configs.get(name) ?? config)
  }

  /** Puts the timeline on the world's clock. Nothing happens before the world runs. */
  attach(host: VirtualHost): FaultInjector {
    const { scenario, plan, timeline } = this.#order
    this.#host = host
    const names = plan.peers.map(({ name }) => name)
    const injector = new FaultInjector({
      host: { ...faultHostOf(host), cutAtSave: (peer, side) => this.#cut(peer, side) },
      watch: this.#watch,
      names,
      usualRate: usualRate(scenario),
    })
    this.#injector = injector
    if (scenario.network.loss !== undefined) host.addRule('network loss', loss(everyLink, scenario.network.loss))
    for (const action of timeline) host.at(action.at, () => this.#perform(host, injector, action))
    return injector
  }

  #cut(peer: string, side: CutSide | undefined): void {
    if (side === undefined) this.#cuts.disarm(peer)
    else this.#cuts.arm(peer, side)
  }

  observe(record: NetworkRecord): void {
    this.#injector?.observe(record)
  }

  checks(): ReturnType<FaultInjector['checks']> {
    return [...this.plaintext.checks(), ...(this.#injector?.checks() ?? [])]
  }

  #perform(host: VirtualHost, injector: FaultInjector, action: Action): void {
    if (action.type === 'command') {
      this.#order.say(`${(host.now() / 1_000).toFixed(1)} s  ${commandText(action.command)}`)
      host.ask(action.command.peer, commanded(action.command), () => undefined)
      return
    }
    if (action.type !== 'submit') {
      const word = action.type === 'heal' ? 'healed: ' : ''
      this.#order.say(`${(host.now() / 1_000).toFixed(1)} s  ${word}${faultText(action.fault)}`)
      injector[action.type](action.fault)
      return
    }
    const goesOn = action.arrival.next !== undefined
    if (goesOn) this.#order.owe(1)
    submit(host, action.arrival, () => {
      if (goesOn) this.#order.owe(-1)
    })
  }
}

/** Sends a request, and after its end the next turn of its conversation. */
function submit(host: VirtualHost, arrival: Arrival, onOver: () => void): void {
  const { client, deadline } = arrival
  host.ask(client, { stream: 'control', message: submission(arrival), timeout: deadline * 2 }, (answer) => {
    if (answer.type === 'response' && !answer.last) return
    const next = turnAfter(arrival, host.now())
    if (next === undefined) onOver()
    else host.at(next.at, () => submit(host, next, onOver))
  })
}

export function latencyOf({ network, seed }: Scenario): LinkModel {
  const { latency } = network
  if (latency === undefined) return constantLatency(1)
  return latency.p99 === latency.median ? constantLatency(latency.median) : lognormalLatency({ ...latency, seed })
}

/** Lines cost time in every message, so they are modelled only where the scenario speaks of them. */
export function lineOf({ scenario }: VirtualOrder): Pick<MessageWorldOptions<Message, Envelope>, 'bandwidth' | 'sizeOf'> {
  const isNeeded = scenario.network.bandwidth !== undefined || scenario.faults.some((fault) => fault.kind === 'bandwidth')
  if (!isNeeded) return {}
  const rate = usualRate(scenario)
  return {
    bandwidth: { rate: () => ({ up: rate, down: rate }), queueBytes: LINE_QUEUE_BYTES },
    sizeOf: { message: (message) => encodeMessage(message).length, envelope: (envelope) => envelope.bytes.length },
  }
}
