import type { Millis } from '@infermesh/kernel'
import type { FaultOf } from '@infermesh/scenario'
import {
  across,
  burstLoss,
  connectionLoss,
  cut,
  delay,
  duplicate,
  jam,
  type LinkFilter,
  type LinkRule,
  loss,
  oneWay,
  reorder,
} from '@infermesh/sim'
import type { ActiveFault, FaultHost } from './fault-host.ts'
import { filterOf, type Pair, ProbeSeries, samplePairs } from './probes.ts'
import { proofOf } from './process-acts.ts'

/** So many expected events make their absence a proof that nothing acts: e^-12 is six in a million. */
const SURE = 12

/** A rule that counts what it was asked and what it did. */
interface Metered {
  readonly rule: LinkRule
  readonly counts: { eligible: number; acted: number }
}

function metered(rule: LinkRule, isEligible: LinkFilter): Metered {
  const counts = { eligible: 0, acted: 0 }
  return {
    counts,
    rule: (transit) => {
      const verdict = rule(transit)
      if (isEligible(transit)) counts.eligible++
      if (verdict !== 'pass') counts.acted++
      return verdict
    },
  }
}

export function partition(host: FaultHost, fault: FaultOf<'partition'>, names: readonly string[]): ActiveFault {
  const [first = []] = fault.groups
  const grouped = new Set(fault.groups.flat())
  const rest = names.filter((name) => !grouped.has(name))
  const others = [...fault.groups.slice(1).flat(), ...rest]
  const filter = fault.oneWay ? oneWay(first, others) : across(fault.groups)
  const { rule, counts } = metered(fault.mode === 'jam' ? jam(filter) : cut(filter), filter)
  const handle = host.addRule('partition', rule)
  const crossing = samplePairs({ type: 'between', left: first, right: others, oneWay: true }, names, 4)
  const back = fault.oneWay ? [] : crossing.map(([from, to]): Pair => [to, from])
  const during = new ProbeSeries(host).send([...crossing, ...back], 1)
  return {
    heal: () => handle.remove(),
    prove: () =>
      proofOf(
        { probes: during.sent, arrived: during.delays.length, blocked: counts.acted },
        during.delays.length === 0,
        `${during.delays.length} of ${during.sent} probes crossed it`,
      ),
  }
}

export function slowdown(host: FaultHost, fault: FaultOf<'delay' | 'jitter'>, names: readonly string[]): ActiveFault {
  const pairs = samplePairs(fault.links, names, 4)
  const before = new ProbeSeries(host).send(pairs, PROBES)
  const handle = host.addRule(fault.kind, delay(filterOf(fault.links), fault.by, fault.jitter))
  const after = new ProbeSeries(host).send(pairs, PROBES)
  return {
    heal: () => handle.remove(),
    prove: () => {
      const addedMs = after.median() - before.median()
      const spreadMs = after.spreadMs()
      const slack = 1 + 0.1 * before.median()
      const isLate = fault.by === 0 || addedMs >= fault.by * 0.9 - slack
      const isSpread = fault.jitter === 0 || spreadMs >= fault.jitter * 0.3
      const failure = `asked for ${fault.by} ms and up to ${fault.jitter} more, measured ${addedMs.toFixed(1)} ms more with a spread of ${spreadMs.toFixed(1)} ms`
      return proofOf({ addedMs, spreadMs, delayed: handle.counts.delayed }, after.sent === 0 || (isLate && isSpread), failure)
    },
  }
}

const PROBES = 25

export function losing(host: FaultHost, fault: FaultOf<'loss'>, names: readonly string[]): ActiveFault {
  const { share, burst } = fault
  const filter = filterOf(fault.links)
  // Gilbert-Elliott with the asked share in the long run: bad for `burst` messages on average, and losing all of them.
  const recover = 1 / burst
  const worsen = Math.min(1, (recover * share) / Math.max(1e-9, 1 - share))
  const rule = burst > 1 ? burstLoss(filter, { worsen, recover, probability: 1 }) : loss(filter, share)
  const handle = host.addRule('loss', rule)
  const pairs = samplePairs(fault.links, names, 8)
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
export function disturbance(host: FaultHost, fault: FaultOf<'reorder' | 'duplicate' | 'reset'>): ActiveFault {
  const filter = filterOf(fault.links)
  const { rule, counts } = metered(disturbing(fault, filter), eligibleFor(fault.kind, filter))
  const handle = host.addRule(fault.kind, rule)
  return {
    heal: () => handle.remove(),
    prove: () => {
      const expected = counts.eligible * fault.share
      const text =
        counts.eligible === 0
          ? 'no message crossed these links'
          : `${counts.acted} of ${counts.eligible} messages, expected about ${Math.round(expected)}`
      const isSilent = counts.acted === 0 && expected >= SURE
      return proofOf({ messages: counts.eligible, acted: counts.acted }, counts.eligible > 0 && !isSilent, text)
    },
  }
}

function disturbing(fault: FaultOf<'reorder' | 'duplicate' | 'reset'>, filter: LinkFilter): LinkRule {
  if (fault.kind === 'reset') return connectionLoss(filter, fault.share)
  return fault.kind === 'reorder' ? reorder(filter, fault.share, fault.within) : duplicate(filter, fault.share, fault.within)
}

function eligibleFor(kind: 'reorder' | 'duplicate' | 'reset', filter: LinkFilter): LinkFilter {
  if (kind === 'reorder') return filter
  const channel = kind === 'duplicate' ? 'gossip' : 'stream'
  return (transit) => transit.channel === channel && filter(transit)
}

export function bottleneck(host: FaultHost, fault: FaultOf<'bandwidth'>, place: { names: readonly string[]; usual: number }): ActiveFault {
  const bytesPerMs = fault.bitsPerSecond / 8_000
  // One probe a line: two at once would wait for each other.
  const pairs = fault.peers.slice(0, 4).map((peer): Pair => [peer, place.names.find((name) => !fault.peers.includes(name)) ?? peer])
  const before = new ProbeSeries(host, PROBE_BYTES).send(pairs, 1)
  for (const peer of fault.peers) host.setLineRate(peer, { up: bytesPerMs, down: bytesPerMs })
  const during = new ProbeSeries(host, PROBE_BYTES).send(pairs, 1)
  const wantedMs: Millis = PROBE_BYTES / bytesPerMs - PROBE_BYTES / place.usual
  return {
    heal: () => {
      for (const peer of fault.peers) host.setLineRate(peer, { up: place.usual, down: place.usual })
    },
    prove: () => {
      const addedMs = during.median() - before.median()
      const floor = wantedMs * 0.9 - 0.1 * before.median() - 1
      return proofOf(
        { addedMs, wantedMs },
        during.delays.length === 0 || addedMs >= floor,
        `${PROBE_BYTES} bytes took ${addedMs.toFixed(1)} ms more, expected ${wantedMs.toFixed(1)}`,
      )
    },
  }
}

const PROBE_BYTES = 10_000
