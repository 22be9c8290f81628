import type { NetworkRecord, RunCheck, Scenario, ScenarioFault } from '@infermesh/scenario'
import type { UnexpectedExit } from '@infermesh/testnet'
import type { Proof } from './fault-host.ts'
import { FaultInjector } from './fault-injector.ts'
import { measuredPairs, type Scene } from './link-acts.ts'
import { ProcessHost, type ProcessHostInit } from './process-host.ts'
import { usualRate } from './usual-rate.ts'

export interface ProcessFaultsInit extends ProcessHostInit {
  readonly scenario: Pick<Scenario, 'network' | 'seed'>
}

/** Performs a scenario's faults on processes, and gives their links what its `network` says. */
export class ProcessFaults {
  readonly #init: ProcessFaultsInit
  readonly #host: ProcessHost
  readonly #scene: Scene
  readonly #injector: FaultInjector
  readonly #prepared = new Map<ScenarioFault, Promise<void>>()
  readonly #applied = new Map<ScenarioFault, Promise<void>>()

  constructor(init: ProcessFaultsInit) {
    const { peers, scenario } = init
    this.#init = init
    this.#host = new ProcessHost(init)
    this.#scene = { host: this.#host, names: peers.map(({ name }) => name), usualRate: usualRate(scenario) }
    this.#injector = new FaultInjector({ ...this.#scene, watch: this.#host })
  }

  /** From now on links are as the scenario wants them. Their ends must all have been started. */
  async layLinks(): Promise<void> {
    const { testnet, peers, scenario } = this.#init
    const { latency, loss, bandwidth } = scenario.network
    const order = peers.map(({ name }) => name)
    if (latency !== undefined) await testnet.faults.setLatency({ ...latency, seed: scenario.seed, order })
    if (loss !== undefined) await testnet.faults.addRule('network loss', { type: 'loss', links: { type: 'all' }, share: loss, burst: 1 })
    const rate = usualRate(scenario)
    if (bandwidth !== undefined) await Promise.all(order.map((name) => testnet.faults.setLineRate(name, { up: rate, down: rate })))
  }

  /** To be called a moment before the fault, which then begins in time. */
  async prepare(fault: ScenarioFault): Promise<void> {
    if (!isOnLinks(fault)) return
    const prepared = this.#host.prepare(measuredPairs(fault, this.#scene))
    this.#prepared.set(fault, prepared)
    await prepared
  }

  async apply(fault: ScenarioFault): Promise<void> {
    const applied = this.#begin(fault)
    this.#applied.set(fault, applied)
    await applied
    await this.#host.settled()
    this.#injector.look()
  }

  async heal(fault: ScenarioFault): Promise<void> {
    await this.#applied.get(fault)
    await this.#host.refresh()
    this.#injector.heal(fault)
    await this.#host.settled()
  }

  /** What is known of one fault so far. */
  proofOf(fault: ScenarioFault): Proof {
    return this.#injector.proofOf(fault)
  }

  observe(record: NetworkRecord): void {
    this.#injector.observe(record)
    const { type } = record.event
    if (type === 'peerStarted' || type === 'peerCrashed') this.#injector.look()
  }

  explains(exit: UnexpectedExit): boolean {
    return this.#host.explains(exit)
  }

  /** One check for each fault, and one for the trouble that there was with them. */
  async checks(): Promise<readonly RunCheck[]> {
    await this.#host.settled()
    await this.#host.refresh()
    const checks = this.#injector.checks()
    if (checks.length === 0) return []
    const failures = this.#host.failures()
    const expected = 'no trouble'
    const trouble = { name: 'faults were done and undone', held: failures.length === 0, expected, actual: failures.join('; ') || expected }
    return [...checks, trouble]
  }

  async #begin(fault: ScenarioFault): Promise<void> {
    await (this.#prepared.get(fault) ?? this.prepare(fault))
    this.#injector.apply(fault)
  }
}

const onLinks = ['partition', 'delay', 'jitter', 'loss', 'reorder', 'duplicate', 'reset', 'bandwidth'] as const
type OnLinks = Extract<ScenarioFault, { readonly kind: (typeof onLinks)[number] }>

const isOnLinks = (fault: ScenarioFault): fault is OnLinks => onLinks.some((kind) => kind === fault.kind)
