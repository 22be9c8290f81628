import type { Millis } from '@infermesh/kernel'
import type { FaultOf, LinkChoice } from '@infermesh/scenario'
import type { LinkFaultSpec, LinkSelector } from '@infermesh/sim'
import type { ActiveFault, FaultHost } from './fault-host.ts'
import { type Pair, ProbeSeries, samplePairs } from './probes.ts'
import { proofOf } from './process-acts.ts'

/** So many expected events make their absence a proof that nothing acts: e^-12 is six in a million. */
const SURE = 12
const PROBES = 25
const PROBE_BYTES = 10_000

/** Where link faults act: on whom they can be measured, and what lines usually carry. */
export interface Scene {
  readonly host: FaultHost
  /** Every peer. */
  readonly names: readonly string[]
  /** Line rate without a bandwidth fault, in bytes a millisecond. */
  readonly usualRate: number
}

type LinkFault = FaultOf<'partition' | 'delay' | 'jitter' | 'loss' | 'reorder' | 'duplicate' | 'reset' | 'bandwidth'>

/** The links, with their direction, that are measured to prove a fault. */
export function measuredPairs(fault: LinkFault, { host, names }: Scene): readonly Pair[] {
  const isLinked = host.isLinked?.bind(host)
  const sample = (links: LinkChoice, count: number): readonly Pair[] => samplePairs(links, { names, count, isLinked })
  switch (fault.kind) {
    case 'partition': {
      const crossing = sample({ type: 'between', ...sidesOf(fault, names), oneWay: true }, 4)
      return fault.oneWay ? crossing : [...crossing, ...crossing.map(([from, to]): Pair => [to, from])]
    }
    case 'bandwidth': {
      const others = names.filter((name) => !fault.peers.includes(name))
      // One probe a line: two at once would wait for each other.
      return fault.peers.slice(0, 4).flatMap((peer) => sample(oneWay([peer], others), 1))
    }
    case 'delay':
    case 'jitter':
      return sample(fault.links, 4)
    case 'loss':
      return sample(fault.links, 8)
    default:
      return []
  }
}

const oneWay = (left: readonly string[], right: readonly string[]): LinkChoice => ({ type: 'between', left, right, oneWay: true })

/** The first group, and everybody whom it is separated from. */
function sidesOf(
  { groups }: FaultOf<'partition'>,
  names: readonly string[],
): { readonly left: readonly string[]; readonly right: readonly string[] } {
  const [left = []] = groups
  const grouped = new Set(groups.flat())
  return { left, right: [...groups.slice(1).flat(), ...names.filter((name) => !grouped.has(name))] }
}

export function partition(scene: Scene, fault: FaultOf<'partition'>): ActiveFault {
  const { host, names } = scene
  const links: LinkSelector = fault.oneWay
    ? { type: 'between', ...sidesOf(fault, names), oneWay: true }
    : { type: 'across', groups: fault.groups }
  const handle = host.addRule('partition', { type: fault.mode, links })
  const during = new ProbeSeries(host).send(measuredPairs(fault, scene), 1)
  return {
    heal: () => handle.remove(),
    prove: () => {
      const blocked = handle.counts.dropped + handle.counts.reset
      return proofOf(
        { probes: during.sent, arrived: during.delays.length, blocked },
        during.delays.length === 0,
        `${during.delays.length} of ${during.sent} probes crossed it`,
      )
    },
  }
}

export function slowdown(scene: Scene, fault: FaultOf<'delay' | 'jitter'>): ActiveFault {
  const { host } = scene
  const pairs = measuredPairs(fault, scene)
  const before = new ProbeSeries(host).send(pairs, PROBES)
  const handle = host.addRule(fault.kind, { type: 'delay', links: fault.links, by: fault.by, jitter: fault.jitter })
  const after = new ProbeSeries(host).send(pairs, PROBES)
  return {
    heal: () => handle.remove(),
    prove: () => {
      const idleMs = idleOf(before, pairs, host)
      const addedMs = after.fastest() - idleMs
      const spreadMs = after.spreadMs()
      const isLate = fault.by === 0 || addedMs >= leastOf(fault.by, idleMs, host)
      const isSpread = fault.jitter === 0 || (spreadMs >= fault.jitter * 0.3 && handle.counts.delayed > 0)
      const failure = `asked for ${fault.by} ms and up to ${fault.jitter} more, measured ${addedMs.toFixed(1)} ms more with a spread of ${spreadMs.toFixed(1)} ms`
      return proofOf({ addedMs, spreadMs, delayed: handle.counts.delayed }, after.sent === 0 || (isLate && isSpread), failure)
    },
  }
}

function idleOf(before: ProbeSeries, pairs: readonly Pair[], host: FaultHost): number {
  const idleMs = host.idleMs?.(pairs)
  return idleMs === undefined ? before.fastest() : Math.min(idleMs, ...before.delays)
}

/** What of an added delay must show. A crowded machine makes what comes before it late too, which hides a part of it. */
const leastOf = (wantedMs: number, idleMs: number, { noiseMs = 0 }: FaultHost): number =>
  wantedMs * 0.9 - 0.1 * idleMs - 1 - Math.min(noiseMs, wantedMs * 0.4)

export function losing(scene: Scene, fault: FaultOf<'loss'>): ActiveFault {
  const { host } = scene
  const { share, burst } = fault
  const handle = host.addRule('loss', { type: 'loss', links: fault.links, share, burst })
  const pairs = measuredPairs(fault, scene)
  const times = Math.ceil(Math.min(2_000, Math.max(100, 20 / Math.max(share, 1e-6))) / Math.max(1, pairs.length))
  const probes = new ProbeSeries(host).send(pairs, times)
  return {
    heal: () => handle.remove(),
    prove: () => {
      const lostShare = probes.sent === 0 ? 0 : probes.lost / probes.sent
      const floor = share - 5 * Math.sqrt((share * (1 - share) * burst) / Math.max(1, probes.sent))
      return proofOf(
        { lostShare, probes: probes.sent },
        probes.sent === 0 || lostShare >= floor,
        `asked for a loss of ${share}, measured ${lostShare.toFixed(4)} of ${probes.sent} probes`,
      )
    },
  }
}

/** Faults that need real traffic: what the rule did to it is the measure. */
export function disturbance({ host }: Scene, fault: FaultOf<'reorder' | 'duplicate' | 'reset'>): ActiveFault {
  const handle = host.addRule(fault.kind, specOf(fault))
  return {
    heal: () => handle.remove(),
    prove: () => {
      const { counts } = handle
      const acted = counts.reset + counts.delayed + counts.duplicated
      const expected = counts.meant * fault.share
      const text =
        counts.meant === 0
          ? 'no message crossed these links'
          : `${acted} of ${counts.meant} messages, expected about ${Math.round(expected)}`
      const isSilent = acted === 0 && expected >= SURE
      return proofOf({ messages: counts.meant, acted }, counts.meant > 0 && !isSilent, text)
    },
  }
}

function specOf({ links, share, ...fault }: FaultOf<'reorder' | 'duplicate' | 'reset'>): LinkFaultSpec {
  return fault.kind === 'reset' ? { type: 'reset', links, share } : { type: fault.kind, links, share, within: fault.within }
}

export function bottleneck(scene: Scene, fault: FaultOf<'bandwidth'>): ActiveFault {
  const { host, usualRate } = scene
  const bytesPerMs = fault.bitsPerSecond / 8_000
  const pairs = measuredPairs(fault, scene)
  const before = new ProbeSeries(host, PROBE_BYTES).send(pairs, 1)
  for (const peer of fault.peers) host.setLineRate(peer, { up: bytesPerMs, down: bytesPerMs })
  const during = new ProbeSeries(host, PROBE_BYTES).send(pairs, 1)
  const wantedMs: Millis = PROBE_BYTES / bytesPerMs - PROBE_BYTES / usualRate
  return {
    heal: () => {
      for (const peer of fault.peers) host.setLineRate(peer, { up: usualRate, down: usualRate })
    },
    prove: () => {
      const idleMs = idleOf(before, pairs, host)
      const addedMs = during.fastest() - idleMs
      return proofOf(
        { addedMs, wantedMs },
        during.delays.length === 0 || addedMs >= leastOf(wantedMs, idleMs, host),
        `${PROBE_BYTES} bytes took ${addedMs.toFixed(1)} ms more, expected ${wantedMs.toFixed(1)}`,
      )
    },
  }
}
