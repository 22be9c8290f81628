import { assertNever } from '@infermesh/kernel'
import { faultText, type NetworkRecord, type RunCheck, type ScenarioFault } from '@infermesh/scenario'
import type { ActiveFault, Proof, Watch } from './fault-host.ts'
import { spoiltDisk, wrongClock } from './host-acts.ts'
import { bottleneck, disturbance, losing, partition, type Scene, slowdown } from './link-acts.ts'
import { Processes } from './process-acts.ts'
import { eclipse, ReportedFault } from './reported-acts.ts'

export interface InjectorOptions extends Scene {
  readonly watch: Watch
}

interface Injected {
  readonly fault: ScenarioFault
  readonly active: ActiveFault
}

/** Performs a scenario's faults in a virtual world, heals them, and knows at the end whether each of them acted. */
export class FaultInjector {
  readonly #options: InjectorOptions
  readonly #processes: Processes
  readonly #injected: Injected[] = []

  constructor(options: InjectorOptions) {
    this.#options = options
    this.#processes = new Processes(options.host)
  }

  apply(fault: ScenarioFault): void {
    const active = this.#act(fault)
    this.#injected.push({ fault, active })
    for (const target of targetsOf(fault))
      this.#options.host.record({ type: 'faultApplied', fault: fault.kind, target, measured: active.prove().measured })
  }

  heal(fault: ScenarioFault): void {
    const injected = this.#injected.find((entry) => entry.fault === fault)
    if (injected === undefined) return
    injected.active.heal()
    const { measured } = injected.active.prove()
    for (const target of targetsOf(fault)) this.#options.host.record({ type: 'faultHealed', fault: fault.kind, target, measured })
  }

  /** Some faults show only in what the peers say. */
  observe(record: NetworkRecord): void {
    for (const { active } of this.#injected) if (active instanceof ReportedFault) active.observe(record)
  }

  /** What is known of one fault so far. */
  proofOf(fault: ScenarioFault): Proof {
    return this.#injected.find((entry) => entry.fault === fault)?.active.prove() ?? { measured: {}, failure: 'it was not applied' }
  }

  /** Takes note of what shows only for a while, such as who is down. */
  look(): void {
    for (const { active } of this.#injected) active.prove()
  }

  /** One check for each fault; of many faults, one for all that acted. */
  checks(): readonly RunCheck[] {
    const checks = this.#injected.map(({ fault, active }) => checkOf(fault, active.prove()))
    const failed = checks.filter((check) => !check.held)
    if (checks.length <= CHECKS_MAX) return checks
    const acted = checks.length - failed.length
    const all = { name: 'all faults acted', held: failed.length === 0, expected: `${checks.length} faults`, actual: `${acted} faults` }
    return [all, ...failed.slice(0, CHECKS_MAX)]
  }

  #act(fault: ScenarioFault): ActiveFault {
    const scene = this.#options
    const { host, watch, names } = scene
    switch (fault.kind) {
      case 'crash':
        return this.#processes.crash(fault)
      case 'restart':
        return this.#processes.restart(fault)
      case 'pause':
        return this.#processes.pause(fault)
      case 'resume':
        return this.#processes.resume(fault)
      case 'partition':
        return partition(scene, fault)
      case 'delay':
      case 'jitter':
        return slowdown(scene, fault)
      case 'loss':
        return losing(scene, fault)
      case 'reorder':
      case 'duplicate':
      case 'reset':
        return disturbance(scene, fault)
      case 'bandwidth':
        return bottleneck(scene, fault)
      case 'clock':
        return wrongClock(host, fault, watch)
      case 'disk':
        return spoiltDisk(host, fault, { watch, processes: this.#processes })
      case 'churn':
      case 'overload':
        return new ReportedFault(fault)
      case 'lie':
        return fault.lie === 'eclipse' ? eclipse(host, fault, names) : new ReportedFault(fault)
      default:
        return assertNever(fault)
    }
  }
}

/** The trace names a fault's peers one by one where it has some: metrics look for them. */
function targetsOf(fault: ScenarioFault): readonly string[] {
  return 'peers' in fault && fault.peers.length <= TARGETS_MAX ? fault.peers : [faultText(fault)]
}

function checkOf(fault: ScenarioFault, proof: Proof): RunCheck {
  const actual = Object.entries(proof.measured).map(([name, value]) => `${name} ${Number.isInteger(value) ? value : value.toFixed(3)}`)
  return {
    name: `fault acted: ${faultText(fault)} at ${fault.at} ms`,
    held: proof.failure === undefined,
    expected: 'it acts',
    actual: proof.failure ?? (actual.join(', ') || 'it did'),
  }
}

const CHECKS_MAX = 12
const TARGETS_MAX = 20
