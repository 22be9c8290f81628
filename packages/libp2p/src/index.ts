export { type DiskFaultSpec, type LineRate, type LinkFaultSpec, type RuleCounts, renamed } from '@infermesh/sim'
export { defaultLimits, type HostLimits } from './host-limits.ts'
export {
  AskFailed,
  type AskOptions,
  type Compute,
  type ComputeStep,
  type GossipOptions,
  type Host,
  type HostOptions,
  type HostStats,
  type Link,
  type Timers,
} from './host-options.ts'
export { createHost } from './libp2p-host.ts'
export { tcpLink } from './network/tcp-link.ts'
export type { LatencyRule } from './shaping/latency-rule.ts'
export type { LinkControl, TrueTime } from './shaping/link-control.ts'
export { MemoryStore } from './store/memory-store.ts'
export { SqliteStore, type SqliteStoreInit } from './store/sqlite-store.ts'
export { type Store, StoreFailed } from './store/store.ts'
export { RealityReached, realityReached } from './virtual/clock/traps.ts'
export type { Wire } from './virtual/link/virtual-transport.ts'
export type { BorderCounts, MessageSide } from './virtual/mixed/mixed-options.ts'
export type { WorkOptions } from './virtual/modelled-work.ts'
export type { StackPeer } from './virtual/stack-peer.ts'
export { createStackWorld } from './virtual/stack-world.ts'
export type { StackProgress } from './virtual/worker/channel.ts'
export { runInWorker, StackRunFailed, type StackRunOptions } from './virtual/worker/run-in-worker.ts'
export { type StackProgram, type Stage, serveStack } from './virtual/worker/serve-stack.ts'
export type { StackWorld, StackWorldOptions } from './virtual/world-options.ts'
