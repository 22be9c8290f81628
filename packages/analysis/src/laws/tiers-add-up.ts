import type { Random } from '@infermesh/kernel'
import type { EngineRequest, TierOptions } from '@infermesh/serving'
import { exact, type Law } from './law.ts'
import { type EngineMaker, plainOptions, realEngine, serveAlone } from './serving-subject.ts'

const blockTokens = 16
const host = (blocks: number): TierOptions => ({ name: 'host', blocks, bytesPerSecond: 1e12, baseMs: 0, serversPerDirection: 1 })

/** Two exclusive LRU tiers hit, somewhere, exactly like one LRU of their sum. */
export const tiersAddUp = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.tiers-add-up',
  source: 'exclusive caching: demotion in LRU order makes two stacks one',
  run: (random) => {
    const requests = chats(random, 600)
    const single = hitShare(make, { blocks: 90 }, requests)
    const tiered = hitShare(make, { blocks: 30, tiers: [host(60)] }, requests)
    return exact(single, tiered)
  },
})

/** A free and endless tier makes any GPU hit like an endless one. */
export const endlessTier = (make: EngineMaker = realEngine): Law => ({
  name: 'kv.endless-tier',
  source: 'limit of the tier model: no latency, no bound',
  run: (random) => {
    const requests = chats(random, 400)
    const endless = hitShare(make, { blocks: 20_000 }, requests)
    const tiered = hitShare(make, { blocks: 26, tiers: [host(20_000)] }, requests)
    return exact(endless, tiered)
  },
})

function hitShare(
  make: EngineMaker,
  memory: { blocks: number; tiers?: readonly TierOptions[] },
  requests: readonly EngineRequest[],
): number {
  const costs = serveAlone(make({ ...plainOptions, blockTokens, ...memory }), requests)
  const hits = costs.reduce((sum, { cachedTokens, loadedTokens }) => sum + cachedTokens + loadedTokens, 0)
  return hits / costs.reduce((sum, { promptTokens }) => sum + promptTokens, 0)
}

/** Growing conversations, in random turns. One token beyond the last full block: it has to be computed anyway. */
function chats(random: Random, count: number): EngineRequest[] {
  const lengths = new Map<number, number>()
  return Array.from({ length: count }, (_, index) => {
    const chat = random.below(8)
    const before = lengths.get(chat) ?? 0
    const blocks = before > 18 ? 1 : before + 1 + random.below(4)
    lengths.set(chat, blocks)
    const keys = Array.from({ length: blocks }, (_, block) => (chat + 1) * 1_000 + block)
    return { id: `r${index}`, promptTokens: blocks * blockTokens + 1, answerTokens: 1, prefix: { blockTokens, keys } }
  })
}
