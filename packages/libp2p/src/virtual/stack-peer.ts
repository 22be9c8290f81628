import type { HostOptions } from '../host-options.ts'

/** A peer as it enters a stack world. `createMachine` runs at each start, also after a crash. */
export interface StackPeer
  extends Pick<HostOptions, 'name' | 'identity' | 'codec' | 'createMachine' | 'streams' | 'topics' | 'limits' | 'gossip'> {
  readonly role?: string
  /** Names of the peers that it connects to, and keeps connected to, from its start. */
  readonly dial?: readonly string[]
}
