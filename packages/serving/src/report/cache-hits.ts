import { evictionOrders } from '../idle/named-policies.ts'
import { BlockPool } from '../kv/block-pool.ts'
import { optimalHits } from '../kv/offline-optimum.ts'
import { replayPrefixes } from '../kv/prefix-replay.ts'
import type { TraceRequest } from '../trace/trace-request.ts'

export interface CacheOptions {
  readonly blocks: number
  readonly blockTokens: number
  /** `lru`, or one of `evictionOrders`. */
  readonly policy: string
}

/**
 * Share of block references that a bare cache of so many blocks finds, the requests served one after another: the figure that papers
 * give. `undefined` where blocks have no names of that size, or the policy is about conversations.
 */
export function cacheHitRate(requests: readonly TraceRequest[], { blocks, blockTokens, policy }: CacheOptions): number | undefined {
  const order = policy === 'lru' ? 'lru' : evictionOrders[policy]
  if (order === undefined || requests.some(({ prefix }) => prefix?.blockTokens !== blockTokens)) return undefined
  // A last block that is not full counts as a block, as it does in the traces.
  const chains = requests.map(({ prefix }) => prefix?.keys ?? [])
  const longest = chains.reduce((most, { length }) => Math.max(most, length), 1)
  const { hits, references } =
    order === 'foresight' ? optimalHits(blocks, chains) : replayPrefixes(new BlockPool({ blocks: blocks + longest, order }), chains, blocks)
  return references === 0 ? 0 : hits / references
}
