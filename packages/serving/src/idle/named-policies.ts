import type { OrderName } from '../kv/block-pool.ts'
import type { GpuProfile } from '../time/gpu-profile.ts'
import { stepTimeOf } from '../time/gpu-profile.ts'
import { emptyLoad } from '../time/step-time.ts'
import type { IdlePolicy } from './idle-policy.ts'
import { hazardPolicy, leastWastePolicy, type RebuildCost, swapPolicy } from './learned-policies.ts'
import { dropPolicy, hintPolicy, keepPolicy, tailTrimPolicy, ttlPolicy } from './simple-policies.ts'

/** Idle policies that a command line can name. `lru` leaves idle blocks to the pool; `ttl:<seconds>` keeps for a fixed time. */
export const idlePolicyNames = ['lru', 'drop', 'keep', 'ttl:<seconds>', 'hazard', 'least-waste', 'hint', 'tail-trim', 'swap'] as const
export type IdlePolicyName = (typeof idlePolicyNames)[number]

/** Orders of eviction by the names that a command line has for them; they treat idle conversations like any other content. */
export const evictionOrders: Readonly<Record<string, Exclude<OrderName, 'lru'>>> = {
  fifo: 'fifo',
  lfu: 'lfu-remembered',
  'lfu-in-cache': 'lfu-in-cache',
  'length-aware': 'length-aware',
  offline: 'foresight',
}

/** Every policy that a command line can name. */
export const policyNames: readonly string[] = [...idlePolicyNames, ...Object.keys(evictionOrders)]

/** Prompt tokens that a policy takes as computed anew without a user noticing: what fits this time. */
const harmlessMs = 500

/**
 * A policy by name, for one GPU. `undefined` for `lru`, which needs none. Throws on an unknown name.
 * `tierBytesPerSecond` is the way to the tier below, where there is one.
 */
export function idlePolicyOf(name: string, profile: GpuProfile, tierBytesPerSecond?: number): IdlePolicy | undefined {
  const ttl = /^ttl:(\d+(?:\.\d+)?)$/.exec(name)
  if (ttl !== null) return ttlPolicy(Number(ttl[1]) * 1000)
  const cost = rebuildCost(profile, tierBytesPerSecond)
  switch (name) {
    case 'lru':
      return undefined
    case 'drop':
      return dropPolicy()
    case 'keep':
      return keepPolicy()
    case 'hazard':
      return hazardPolicy(cost)
    case 'least-waste':
      return leastWastePolicy(stepLine(profile), cost)
    case 'hint':
      return hintPolicy()
    case 'tail-trim':
      return tailTrimPolicy(Math.floor(harmlessMs / (cost.prefillMs(saturationTokens) / saturationTokens)))
    case 'swap':
      return swapPolicy(cost)
    default:
      throw new Error(`expected a policy, one of ${policyNames.join(', ')}, got "${name}"`)
  }
}

/** New tokens at which a step's time begins to grow in proportion. */
const saturationTokens = 512

function rebuildCost(profile: GpuProfile, tierBytesPerSecond = 0): RebuildCost {
  const stepTime = stepTimeOf(profile)
  return {
    prefillMs: (tokens) => stepTime({ ...emptyLoad(), tokens, heads: 1, chunkTokens: [tokens], chunkContext: [0] }),
    moveMs: (tokens) =>
      tierBytesPerSecond === 0 ? Number.POSITIVE_INFINITY : ((tokens * profile.kvBytesPerToken) / tierBytesPerSecond) * 1000,
  }
}

function stepLine(profile: GpuProfile): { perTokenMs: number; baseMs: number; saturationTokens: number } {
  const { prefillMs } = rebuildCost(profile)
  const perTokenMs = (prefillMs(2 * saturationTokens) - prefillMs(saturationTokens)) / saturationTokens
  return { perTokenMs, baseMs: Math.max(0, prefillMs(saturationTokens) - perTokenMs * saturationTokens), saturationTokens }
}
