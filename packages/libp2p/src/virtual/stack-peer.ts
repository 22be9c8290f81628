import type { AnyEnvelope, AnyMessage, Codec, Machine } from '@infermesh/kernel'
import type { HostOptions } from '../host-options.ts'

/** A peer as it enters a stack world. `createMachine` runs at each start, also after a crash. */
export interface StackPeer<M extends AnyMessage = AnyMessage, E extends AnyEnvelope = AnyEnvelope>
  extends Pick<HostOptions, 'name' | 'identity' | 'streams' | 'topics' | 'limits' | 'gossip' | 'detour'> {
  readonly role?: string
  readonly codec: Codec<M, E>
  readonly createMachine: () => Machine<M, E>
  /** Names of the peers that it connects to, and keeps connected to, from its start. */
  readonly dial?: readonly string[]
}
