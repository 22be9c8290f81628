import { assertNever, type Machine, type Millis } from '@infermesh/kernel'
import type { LinkControl, RuleCounts, Store } from '@infermesh/libp2p'
import type { FaultOrder, FaultReport, Witness } from './fault-order.ts'
import { FaultyStore } from './faulty-store.ts'
import type { SkewedClock } from './skewed-clock.ts'

type RuleHandle = ReturnType<LinkControl['addRule']>

export interface PeerFaultsInit {
  readonly peer: string
  readonly clock: SkewedClock
  readonly store: Store
  readonly trueNow: () => number
}

/** Does to one peer what its supervisor orders, and bears witness. */
export class PeerFaults {
  readonly store: FaultyStore
  readonly #init: PeerFaultsInit
  readonly #rules = new Map<number, RuleHandle>()
  #links: LinkControl | undefined
  #effectsLeft = Number.POSITIVE_INFINITY
  #isWatching = false
  #witness: Witness = nothingSeen

  constructor(init: PeerFaultsInit) {
    this.#init = init
    this.store = new FaultyStore(init.store, init.peer, (ms) => this.#onSaved(ms))
  }

  /** The host that the machine lives in. */
  attach(links: LinkControl): void {
    this.#links = links
  }

  watched(machine: Machine): Machine {
    const handle: Machine['handle'] = (input, now) => {
      if (this.#isWatching) this.#seeClock(now)
      return machine.handle(input, now)
    }
    return machine.validate === undefined ? { handle } : { handle, validate: machine.validate.bind(machine) }
  }

  /** Asked before each effect. A process that is doomed gets no further, as one that is killed from outside. */
  beforeEffect(): void {
    if (this.#effectsLeft === Number.POSITIVE_INFINITY) return
    if (this.#effectsLeft <= 0) die()
    this.#effectsLeft--
    // Once its last effect is done it does not wait for another one.
    if (this.#effectsLeft === 0) queueMicrotask(die)
  }

  async perform(order: FaultOrder): Promise<FaultReport | undefined> {
    switch (order.type) {
      case 'rule':
        // A peer that was starting may be told twice.
        if (!this.#rules.has(order.id)) this.#rules.set(order.id, this.#ready().addRule(order.label, order.spec))
        return undefined
      case 'counts':
        return countsReport(this.#rules.get(order.id)?.counts)
      case 'heal':
        return this.#heal(order.id)
      case 'line':
        this.#ready().setLineRate(order.rate)
        return undefined
      case 'latency':
        this.#ready().setLatency(order.rule)
        return undefined
      case 'clock':
        this.#init.clock.set(order.rule)
        return undefined
      case 'disk':
        this.store.spoil(order.fault)
        return undefined
      case 'doom':
        this.#effectsLeft = order.afterEffects ?? Number.POSITIVE_INFINITY
        return undefined
      case 'prepare':
        await this.#ready().prepareProbes(order.to)
        return undefined
      case 'probe':
        return { report: 'sent', at: this.#ready().probe(order.to, order.ids, order.bytes) }
      case 'witness':
        return this.#testify(order.fresh)
      default:
        return assertNever(order)
    }
  }

  #heal(id: number): FaultReport | undefined {
    const handle = this.#rules.get(id)
    handle?.remove()
    this.#rules.delete(id)
    return countsReport(handle?.counts)
  }

  #testify(fresh: boolean): FaultReport {
    this.#isWatching = true
    if (fresh) this.#witness = { ...this.#witness, saves: 0, saveMsMin: Number.POSITIVE_INFINITY }
    return { report: 'witness', ...this.#witness }
  }

  #seeClock(shown: Millis): void {
    const clockSeenAt = this.#init.trueNow()
    this.#witness = { ...this.#witness, clockOffset: shown - clockSeenAt, clockSeenAt }
  }

  #onSaved(ms: number): void {
    if (!this.#isWatching) return
    const { saves, saveMsMin } = this.#witness
    this.#witness = { ...this.#witness, saves: saves + 1, saveMsMin: Math.min(saveMsMin, ms) }
  }

  #ready(): LinkControl {
    if (this.#links === undefined) throw new Error(`${this.#init.peer} has no links yet`)
    return this.#links
  }
}

const die = (): void => void process.kill(process.pid, 'SIGKILL')

const countsReport = (counts: RuleCounts | undefined): FaultReport | undefined =>
  counts === undefined ? undefined : { report: 'counts', counts: { ...counts } }

const nothingSeen: Witness = { clockOffset: 0, clockSeenAt: -1, saves: 0, saveMsMin: Number.POSITIVE_INFINITY }
