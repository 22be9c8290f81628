import type { NetworkRecord, ScenarioFault } from '@infermesh/scenario'
import type { ActiveFault, FaultHost, Proof } from './fault-host.ts'
import { proofOf } from './process-acts.ts'

type Reported = Extract<ScenarioFault, { readonly kind: 'churn' | 'overload' | 'lie' }>

/** A fault that the peers perform or suffer themselves: the trace tells how often. */
export class ReportedFault implements ActiveFault {
  readonly #fault: Reported
  readonly #peers: ReadonlySet<string>
  #seen = 0
  #isOver = false

  constructor(fault: Reported) {
    this.#fault = fault
    this.#peers = new Set(fault.kind === 'overload' ? [] : fault.peers)
  }

  observe({ event, peer }: NetworkRecord): void {
    if (this.#isOver) return
    const fault = this.#fault
    if (fault.kind === 'churn' && event.type === 'peerCrashed' && this.#peers.has(event.name)) this.#seen++
    if (fault.kind === 'overload' && event.type === 'requestSent' && event.attempt === 1 && event.model === fault.model) this.#seen++
    if (fault.kind === 'lie' && event.type === 'lied' && event.lie === fault.lie && this.#peers.has(peer)) this.#seen++
  }

  heal(): void {
    this.#isOver = true
  }

  prove(): Proof {
    const fault = this.#fault
    if (fault.kind === 'lie') return proofOf({ lies: this.#seen }, this.#seen > 0, 'it had no chance to lie')
    const seconds = ((fault.until ?? fault.at) - fault.at) / 1_000
    const expected = fault.perSecond * seconds
    const what = fault.kind === 'churn' ? 'crashes' : 'requests'
    // Poisson arrivals: five standard deviations below what was asked is no accident.
    const floor = expected - 5 * Math.sqrt(expected)
    return proofOf({ [what]: this.#seen }, this.#seen >= floor, `${this.#seen} ${what}, expected about ${Math.round(expected)}`)
  }
}

/** The victim's gossip comes from the liars only; they pass nothing on, which is their own part of the lie. */
export function eclipse(host: FaultHost, fault: Extract<ScenarioFault, { readonly kind: 'lie' }>, names: readonly string[]): ActiveFault {
  const victims = fault.options.victims
  const handle = host.addRule('eclipse', { type: 'eclipse', liars: fault.peers, victims })
  const honest = names.filter((name) => !fault.peers.includes(name) && !victims.includes(name)).length
  return {
    heal: () => handle.remove(),
    prove: () => proofOf({ cutOff: handle.counts.dropped, honest }, handle.counts.dropped > 0, 'no gossip came near the victim'),
  }
}
