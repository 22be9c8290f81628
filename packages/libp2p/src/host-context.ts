import type { Codec, Input, Millis, PeerId } from '@infermesh/kernel'
import type { Counters } from './counters.ts'
import type { HostLimits } from './host-limits.ts'
import type { Timers } from './host-options.ts'
import type { EffectLoop } from './loop/effect-loop.ts'
import type { Shaping } from './shaping/shaping.ts'
import type { OutboundQueue } from './streams/outbound-queue.ts'

/** What the parts of one host share. */
export interface HostContext {
  readonly self: PeerId
  readonly codec: Codec
  readonly limits: HostLimits
  readonly now: () => Millis
  readonly timers: Timers
  readonly counters: Counters
  readonly shaping: Shaping
  readonly inputs: Pick<EffectLoop, 'push' | 'offer' | 'gather' | 'fail'>
  /** Sends at the end of the machine's turn, or now when it has none. */
  readonly schedule: (queue: OutboundQueue) => void
}

/** Our own code broke while it worked on `input`. */
export function failHost(context: HostContext, error: unknown, input?: Input): void {
  context.inputs.fail(error instanceof Error ? error : new Error(String(error)), input)
}
