import type { PauseKind } from '../engine/request.ts'
import { byAge, type EngineLoad, type Hold, type IdlePolicy, type IdleSession, keep } from './idle-policy.ts'
import { ReturnHistogram } from './return-histogram.ts'

/** Engine constants that a policy weighs memory against. */
export interface RebuildCost {
  /** Milliseconds to compute a context anew, alone. */
  readonly prefillMs: (tokens: number) => number
  /** Milliseconds to move a context to or from the tier below; Infinity without one. */
  readonly moveMs: (tokens: number) => number
}

const learners = (): Readonly<Record<PauseKind, ReturnHistogram>> => ({ tool: new ReturnHistogram(), user: new ReturnHistogram() })

/**
 * Keeps while the chance to return in the next second is worth the memory: h(age) ≥ c / V, where V is the prefill saved and
 * c the share of the GPU's work that this memory could earn elsewhere. The hazard is learned from pauses of the same kind.
 */
export function hazardPolicy(cost: RebuildCost): IdlePolicy {
  const learned = learners()
  return {
    name: 'hazard-ttl',
    suspended: (session, load) => ({ ...keep(session), keepMs: worthwhileMs(learned[session.pause], session, load, cost) }),
    rank: byAge,
    returned: ({ pause }, gapMs) => learned[pause].add(gapMs),
  }
}

function worthwhileMs(histogram: ReturnHistogram, session: IdleSession, load: EngineLoad, cost: RebuildCost): number {
  const savedMs = cost.prefillMs(session.contextTokens)
  const utilisation = Math.min(1, load.residentTokens / load.capacityTokens)
  const earnedPerMs = (session.contextTokens / load.capacityTokens) * utilisation
  return histogram.lastAgeAbove(earnedPerMs / Math.max(savedMs, 1e-9))
}

/**
 * InferCept's rule: of holding, dropping and moving, the least waste of memory in token-seconds. Holding wastes the context for the
 * expected pause; dropping wastes the memory of all while the context is computed again in pieces that fit beside the running work.
 */
export function leastWastePolicy(
  step: { readonly perTokenMs: number; readonly baseMs: number; readonly saturationTokens: number },
  cost: RebuildCost,
): IdlePolicy {
  const learned = learners()
  const expected = (session: IdleSession): number => session.hint?.expectMs ?? learned[session.pause].mean()
  return {
    name: 'least-waste',
    suspended: (session, load): Hold => {
      const pauseMs = expected(session)
      if (pauseMs === Number.POSITIVE_INFINITY) return keep(session)
      const preserved = pauseMs * session.contextTokens
      const discarded = discardWaste(session.contextTokens, load, step)
      const moved = 2 * cost.moveMs(session.contextTokens) * session.contextTokens
      if (moved < preserved && moved < discarded) return { keepMs: Number.POSITIVE_INFINITY, guardTokens: 0, swap: true }
      return discarded < preserved ? { keepMs: 0, guardTokens: 0, swap: false } : keep(session)
    },
    rank: (session, now) => (now - session.since + expected(session)) * session.contextTokens,
    returned: ({ pause }, gapMs) => learned[pause].add(gapMs),
  }
}

/** Token-milliseconds wasted by computing a context again in chunks of what a step has left. */
export function discardWaste(
  contextTokens: number,
  load: EngineLoad,
  step: { readonly perTokenMs: number; readonly baseMs: number; readonly saturationTokens: number },
): number {
  const chunk = Math.max(step.saturationTokens - load.runningRequests, 1)
  const whole = Math.ceil(contextTokens / chunk) - 1
  const rest = contextTokens % chunk
  const stepMs = step.perTokenMs * step.saturationTokens + step.baseMs
  const held = ((stepMs * whole * (whole + 1)) / 2) * chunk
  return held + step.perTokenMs * chunk * whole * load.residentTokens + step.perTokenMs * rest * (load.residentTokens + rest)
}

/** Moves a context below at once when the expected pause is longer than the way there and back. */
export function swapPolicy(cost: RebuildCost): IdlePolicy {
  const learned = learners()
  return {
    name: 'swap-on-idle',
    suspended: (session) => {
      const pause = session.hint?.expectMs ?? learned[session.pause].mean()
      const worth = pause !== Number.POSITIVE_INFINITY && pause > 2 * cost.moveMs(session.contextTokens)
      return worth ? { keepMs: Number.POSITIVE_INFINITY, guardTokens: 0, swap: true } : keep(session)
    },
    rank: byAge,
    returned: ({ pause }, gapMs) => learned[pause].add(gapMs),
  }
}
