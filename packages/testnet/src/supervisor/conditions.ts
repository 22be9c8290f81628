import type { DiskFaultSpec, LatencyRule, LineRate, LinkFaultSpec } from '@infermesh/libp2p'
import type { ClockRule, FaultOrder } from '../peer/fault-order.ts'

interface PeerConditions {
  readonly line?: LineRate | undefined
  readonly disk?: DiskFaultSpec | undefined
  readonly clock?: (ClockRule & { readonly since: number }) | undefined
}

interface PlacedRule {
  readonly label: string
  readonly spec: LinkFaultSpec
}

/** What is in force: a peer that starts again finds it so. */
export class Conditions {
  latency: LatencyRule | undefined
  readonly #rules = new Map<number, PlacedRule>()
  readonly #peers = new Map<string, PeerConditions>()
  #lastId = 0

  /** `spec` names peers by their ids. */
  addRule(label: string, spec: LinkFaultSpec): Extract<FaultOrder, { readonly type: 'rule' }> {
    const id = ++this.#lastId
    this.#rules.set(id, { label, spec })
    return { type: 'rule', id, label, spec }
  }

  removeRule(id: number): void {
    this.#rules.delete(id)
  }

  set(peer: string, change: PeerConditions): void {
    this.#peers.set(peer, { ...this.#peers.get(peer), ...change })
  }

  /** A torn write happens once. */
  onExit(peer: string): void {
    if (this.#peers.get(peer)?.disk?.type === 'torn') this.set(peer, { disk: undefined })
  }

  /** How far a wrong clock has drifted by now becomes part of its jump. */
  of(peer: string, now: number): readonly FaultOrder[] {
    const { line, disk, clock } = this.#peers.get(peer) ?? {}
    const orders: FaultOrder[] = [...this.#rules].map(([id, { label, spec }]) => ({ type: 'rule', id, label, spec }))
    if (this.latency !== undefined) orders.push({ type: 'latency', rule: this.latency })
    if (line !== undefined) orders.push({ type: 'line', rate: line })
    if (disk !== undefined) orders.push({ type: 'disk', fault: disk })
    if (clock !== undefined) {
      const drifted = ((now - clock.since) * clock.driftPpm) / 1e6
      orders.push({ type: 'clock', rule: { offset: Math.round(clock.offset + drifted), driftPpm: clock.driftPpm } })
    }
    return orders
  }

  /** What must be said to a peer that knows the conditions of a while ago, so that it knows those of now. */
  since(known: readonly FaultOrder[], now: readonly FaultOrder[]): readonly FaultOrder[] {
    const ids = (orders: readonly FaultOrder[]) => new Set(orders.flatMap((order) => (order.type === 'rule' ? [order.id] : [])))
    const [before, after] = [ids(known), ids(now)]
    const gone = [...before].filter((id) => !after.has(id)).map((id): FaultOrder => ({ type: 'heal', id }))
    const fresh = now.filter((order) => order.type !== 'rule' || !before.has(order.id))
    const isMended = known.some(({ type }) => type === 'disk') && !now.some(({ type }) => type === 'disk')
    return [...gone, ...fresh, ...(isMended ? [{ type: 'disk', fault: undefined } as const] : [])]
  }
}
