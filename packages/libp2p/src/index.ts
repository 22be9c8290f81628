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
export type { Gate, LossRule, ShapeReport, ShapeRule } from './shaping/rule.ts'
export { MemoryStore } from './store/memory-store.ts'
export { SqliteStore, type SqliteStoreInit } from './store/sqlite-store.ts'
export { type Store, StoreFailed } from './store/store.ts'
