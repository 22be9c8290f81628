import type { Millis } from '@infermesh/kernel'
import { type DiskFaultSpec, type LatencyRule, type LineRate, type LinkFaultSpec, type RuleCounts, renamed } from '@infermesh/libp2p'
import type { ClockRule, FaultOrder, FaultReport, Witness } from '../peer/fault-order.ts'
import { CallFailed, ended, type OpenCall } from './calls.ts'
import { Conditions } from './conditions.ts'
import type { Member, Members } from './member.ts'

export interface FaultControlInit {
  readonly members: Members
  readonly now: () => number
  readonly call: (peer: string, order: FaultOrder) => OpenCall
}

/** A fault on links, at every peer. */
export interface PlacedFault {
  /** What it did so far, at all peers together, as they last said. */
  counts(): RuleCounts
  /** Asks them. */
  refresh(): Promise<void>
  heal(): Promise<void>
}

/** Sets what is wrong with links, clocks and disks, at peers that run and at those that start later. Peers are named as in the scenario. */
export class FaultControl {
  readonly #init: FaultControlInit
  readonly #conditions = new Conditions()
  readonly #arrivals = new Map<number, (at: number) => void>()
  #lastProbe = 0

  constructor(init: FaultControlInit) {
    this.#init = init
  }

  /** What a peer that starts now must know. */
  conditionsOf(peer: string): readonly FaultOrder[] {
    return this.#conditions.of(peer, this.#init.now())
  }

  /** Tells a peer that has just started what changed while it did. */
  async catchUp(peer: string, known: readonly FaultOrder[]): Promise<void> {
    for (const order of this.#conditions.since(known, this.conditionsOf(peer))) await this.#order(peer, order)
  }

  onExit(peer: string): void {
    this.#conditions.onExit(peer)
  }

  onProbed(id: number, at: number): void {
    this.#arrivals.get(id)?.(at)
    this.#arrivals.delete(id)
  }

  /** Resolves once every peer that runs has it. */
  async addRule(label: string, spec: LinkFaultSpec): Promise<PlacedFault> {
    const { fault, placed } = this.placeRule(label, spec)
    await placed
    return fault
  }

  /** The same without a wait: what is ordered next comes after it all the same. */
  placeRule(label: string, spec: LinkFaultSpec): { readonly fault: PlacedFault; readonly placed: Promise<unknown> } {
    const order = this.#conditions.addRule(
      label,
      renamed(spec, (name) => this.#peerId(name)),
    )
    const counts = new Map<string, RuleCounts>()
    const ask = async (type: 'counts' | 'heal') => {
      const each = async (peer: string) => {
        const report = await this.#order(peer, { type, id: order.id })
        if (report?.report === 'counts') counts.set(peer, report.counts)
      }
      await Promise.all(this.#names().map(each))
    }
    const fault: PlacedFault = {
      counts: () => summed([...counts.values()]),
      refresh: () => ask('counts'),
      heal: () => {
        this.#conditions.removeRule(order.id)
        return ask('heal')
      },
    }
    return { fault, placed: Promise.all(this.#names().map((peer) => this.#order(peer, order))) }
  }

  /** How long every link is; peers in the order given have the lengths that they have in the virtual worlds. */
  async setLatency(rule: (Omit<LatencyRule, 'order'> & { readonly order: readonly string[] }) | undefined): Promise<void> {
    const latency = rule === undefined ? undefined : { ...rule, order: rule.order.map((name) => this.#peerId(name)) }
    this.#conditions.latency = latency
    await Promise.all(this.#names().map((peer) => this.#order(peer, { type: 'latency', rule: latency })))
  }

  async setLineRate(peer: string, rate: LineRate): Promise<void> {
    this.#conditions.set(peer, { line: rate })
    await this.#order(peer, { type: 'line', rate })
  }

  /** Sets a peer's clock wrong; an offset and drift of 0 let it run true, but never back. */
  async setClock(peer: string, rule: ClockRule): Promise<void> {
    this.#conditions.set(peer, { clock: { ...rule, since: this.#init.now() } })
    await this.#order(peer, { type: 'clock', rule })
  }

  async setDisk(peer: string, fault: DiskFaultSpec | undefined): Promise<void> {
    this.#conditions.set(peer, { disk: fault })
    await this.#order(peer, { type: 'disk', fault })
  }

  /** Ends a peer's process between two effects, after so many of them; undefined takes it back. */
  async doom(peer: string, afterEffects: number | undefined): Promise<void> {
    await this.#order(peer, { type: 'doom', afterEffects })
  }

  /** What clock and disk faults did to a peer, since the last `fresh` one. Undefined while it is down or stands still. */
  async witness(peer: string, fresh = false): Promise<Witness | undefined> {
    const report = await this.#order(peer, { type: 'witness', fresh })
    return report?.report === 'witness' ? report : undefined
  }

  /** Makes ready what probes between two peers need. Nothing happens when they can't reach each other. */
  async prepareProbes(from: string, to: string): Promise<void> {
    await this.#order(from, { type: 'prepare', to: this.#peerId(to) }).catch(() => undefined)
  }

  /** Sends probes over a prepared link, and tells the delay of each one that arrives within `patience`, then undefined for the rest. */
  async probe(link: ProbedLink, onResult: (delayMs: number | undefined) => void): Promise<void> {
    const { from, to, count, bytes, patience } = link
    const ids = Array.from({ length: count }, () => ++this.#lastProbe)
    const arrivals = new Map<number, number>()
    const all = Promise.withResolvers<void>()
    for (const id of ids)
      this.#arrivals.set(id, (at) => {
        arrivals.set(id, at)
        if (arrivals.size === count) all.resolve()
      })
    const sent = await this.#order(from, { type: 'probe', to: this.#peerId(to), ids, bytes }).catch(() => undefined)
    if (sent?.report === 'sent') await within(patience, all.promise)
    for (const id of ids) {
      this.#arrivals.delete(id)
      const at = arrivals.get(id)
      onResult(at === undefined || sent?.report !== 'sent' ? undefined : at - sent.at)
    }
  }

  #names(): readonly string[] {
    return this.#init.members.all().map(({ spec }) => spec.name)
  }

  #peerId(name: string): string {
    const { peerId } = this.#init.members.get(name)
    if (peerId === undefined) throw new Error(`expected ${name} to have been started once, but its peer id is not known yet`)
    return peerId
  }

  /** A peer that is down hears of it when it starts, and one that stands still when it goes on: nobody waits for either. */
  async #order(peer: string, order: FaultOrder): Promise<FaultReport | undefined> {
    const { process }: Member = this.#init.members.get(peer)
    const state = process.state()
    if (state !== 'running' && state !== 'paused') return undefined
    const answer = ended(this.#init.call(peer, order)).catch((error: unknown) => {
      if (error instanceof CallFailed && error.code === 'lost') return undefined
      throw error
    })
    if (state === 'paused') {
      answer.catch(() => undefined)
      return undefined
    }
    const report = await answer
    return report !== undefined && 'report' in report ? report : undefined
  }
}

export interface ProbedLink {
  readonly from: string
  readonly to: string
  readonly count: number
  readonly bytes: number
  readonly patience: Millis
}

const nothing: RuleCounts = { asked: 0, meant: 0, dropped: 0, reset: 0, delayed: 0, delayMsTotal: 0, duplicated: 0 }

const summed = (all: readonly RuleCounts[]): RuleCounts =>
  all.reduce(
    (sum, counts) => ({
      asked: sum.asked + counts.asked,
      meant: sum.meant + counts.meant,
      dropped: sum.dropped + counts.dropped,
      reset: sum.reset + counts.reset,
      delayed: sum.delayed + counts.delayed,
      delayMsTotal: sum.delayMsTotal + counts.delayMsTotal,
      duplicated: sum.duplicated + counts.duplicated,
    }),
    nothing,
  )

async function within(patience: Millis, work: Promise<void>): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timer = setTimeout(over.resolve, patience)
  await Promise.race([work, over.promise])
  clearTimeout(timer)
}
