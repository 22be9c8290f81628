import { assert, assertNever, type Effect } from '@infermesh/kernel'
import type { Gossip } from './gossip/gossip.ts'
import type { HostOptions } from './host-options.ts'
import type { EffectLoop } from './loop/effect-loop.ts'
import type { JobTable } from './loop/job-table.ts'
import type { TimerTable } from './loop/timer-table.ts'
import type { CallTable } from './streams/call-table.ts'
import type { RequestTable } from './streams/request-table.ts'

export interface PerformerParts {
  readonly loop: EffectLoop
  readonly calls: CallTable
  readonly requests: RequestTable
  readonly gossip: Gossip
  readonly timers: TimerTable
  readonly jobs: JobTable
}

/** Performs one effect before it returns. What takes longer comes back as an input. */
export function performer(
  options: Pick<HostOptions, 'store' | 'emit' | 'streams' | 'detour'>,
  parts: PerformerParts,
): (effect: Effect) => void {
  const { loop, calls, requests, gossip, timers, jobs } = parts
  // A timer may have fired and still wait its turn.
  const retractTimer = (key: string) => loop.retract((input) => input.type === 'timer' && input.key === key)
  return (effect) => {
    if (options.detour?.(effect) === true) return
    switch (effect.type) {
      case 'request':
        assert(options.streams.includes(effect.stream), `stream ${effect.stream} must be one of ${options.streams.join(', ')}`)
        return calls.request(effect)
      case 'respond':
        return requests.respond(effect.requestId, effect.message, effect.last)
      case 'cancel':
        calls.cancel(effect.callId)
        jobs.cancel(effect.callId)
        return loop.retract((input) => 'callId' in input && input.callId === effect.callId)
      case 'publish':
        return gossip.publish(effect.topic, effect.envelope)
      case 'subscribe':
        return gossip.subscribe(effect.topic)
      case 'setTimer':
        retractTimer(effect.key)
        return timers.set(effect.key, effect.after)
      case 'clearTimer':
        retractTimer(effect.key)
        return timers.clear(effect.key)
      case 'save':
        return options.store.save(effect.key, effect.value)
      case 'forget':
        return options.store.forget(effect.key)
      case 'compute':
        return jobs.start(effect.callId, effect.job)
      case 'emit':
        return options.emit(effect.event)
      default:
        return assertNever(effect)
    }
  }
}
