export type { LineRate } from './bandwidth.ts'
export type { LocalAnswer } from './call.ts'
export type { Compute, ComputingOptions, Engine, EngineTurn, JobPlace, JobStep } from './computing.ts'
export type { DiskFaultSpec } from './disk.ts'
export { EventQueue, TICKS_PER_MS } from './event-queue.ts'
export { MachineFailed, NoProgress } from './failures.ts'
export { GossipReport } from './gossip-report.ts'
export type { GossipCounts } from './gossip-sender.ts'
export { type GossipSettings, gossipDefaults } from './gossip-settings.ts'
export { constantLatency, type LinkModel, type LognormalOptions, lognormalLatency, uniformLatency } from './latency.ts'
export { Line } from './line.ts'
export { type LinkFaultSpec, type LinkSelector, type MeantRule, renamed, ruleOf } from './link-fault-spec.ts'
export { type BurstOptions, burstLoss, connectionLoss, cut, delay, duplicate, jam, loss, reorder } from './link-faults.ts'
export {
  across,
  between,
  everyLink,
  type LinkFilter,
  type LinkRule,
  oneWay,
  type RuleCounts,
  type RuleHandle,
  type Transit,
  touching,
  type Verdict,
} from './link-rule.ts'
export { createMessageWorld } from './message-world.ts'
export type { PeerSpec } from './peer.ts'
export { BREAK, DROP, RuleSet } from './rule-set.ts'
export { LOCAL_CALLER } from './streams.ts'
export { eventText, TraceHash } from './trace-hash.ts'
export type { CrashOptions, LocalCall, MessageWorld, MessageWorldOptions } from './world.ts'
