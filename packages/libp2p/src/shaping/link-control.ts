import type { Millis, PeerId } from '@infermesh/kernel'
import { type LineRate, type LinkFaultSpec, type RuleHandle, ruleOf } from '@infermesh/sim'
import { type LatencyRule, latencyFrom } from './latency-rule.ts'
import type { ProbeDesk } from './probe-desk.ts'
import type { Shaping } from './shaping.ts'

/** One host's side of its links. Here peers are named by their ids. */
export interface LinkControl {
  /** A fault on what this host sends. The other direction is the other host's. */
  addRule(label: string, spec: LinkFaultSpec): RuleHandle
  /** What this host's access line carries each way, in bytes a millisecond. */
  setLineRate(rate: LineRate): void
  /** How long what is sent is under way, drawn anew for each frame; `undefined` is the machine's own network. */
  setLatency(rule: LatencyRule | undefined): void
  /** Makes ready what probes to a peer need: a connection and a stream. */
  prepareProbes(to: PeerId): Promise<void>
  /** Sends a probe for each id, each of so many bytes, and returns the time. Where messages are lost, so are probes. */
  probe(to: PeerId, ids: readonly number[], bytes: number): Millis
}

/** True time, which a fault on the peer's own clock leaves alone. With fractions where the machine has them. */
export interface TrueTime {
  now(): number
  /** Calls back after a while; the result unsets it. */
  after(delay: Millis, callback: () => void): () => void
}

/** The control that a host hands out. */
export const linkControl = (shaping: Shaping, probes: ProbeDesk): LinkControl => ({
  addRule(label, spec) {
    const { rule, isMeant } = ruleOf(spec)
    return shaping.rules.add(label, rule, isMeant)
  },
  setLineRate: (rate) => shaping.setLineRate(rate),
  setLatency(rule) {
    const { self, random } = shaping.init
    shaping.latency = rule === undefined ? undefined : latencyFrom(self, rule, random)
  },
  prepareProbes: (to) => probes.prepare(to),
  probe: (to, ids, bytes) => probes.send(to, ids, bytes),
})
