import type { Random } from '@infermesh/kernel'
import { BlockPool, type Chain, generateAgenticTrace, replayPrefixes } from '@infermesh/serving'
import { exact, type Law } from './law.ts'

/** What a pool does with a row of prompts. */
export type PrefixServer = (blocks: number, chains: readonly Chain[]) => number

export const realPool: PrefixServer = (blocks, chains) => {
  const { hits, references } = replayPrefixes(new BlockPool({ blocks }), chains)
  return hits / references
}

/** With memory for everything, every repeated block is a hit: a chained name repeats only if all before it do. */
export const infiniteCache = (serve: PrefixServer = realPool): Law => ({
  name: 'kv.infinite-cache',
  source: 'hit ratio = 1 - unique / total, for chain-hashed blocks',
  run: (random) => {
    const chains = sessionChains(random)
    const unique = new Set(chains.flatMap((chain) => [...Array.from(chain)])).size
    const total = chains.reduce((sum, { length }) => sum + length, 0)
    return exact(1 - unique / total, serve(unique + 1_000, chains))
  },
})

/** The inclusion property: a larger LRU holds all that a smaller one holds. */
export const lruInclusion = (serve: PrefixServer = realPool): Law => ({
  name: 'kv.lru-inclusion',
  source: 'Mattson and others 1970: LRU is a stack algorithm, hits never fall with capacity',
  run: (random) => {
    const chains = sessionChains(random)
    const ratios = [700, 1_000, 1_500, 2_500, 4_000, 8_000].map((blocks) => serve(blocks, chains))
    const falls = ratios.filter((ratio, index) => index > 0 && ratio < (ratios[index - 1] ?? 0)).length
    return exact(0, falls)
  },
})

/** Prompts of interleaved sessions, in blocks. */
function sessionChains(random: Random): Chain[] {
  const trace = generateAgenticTrace({ random, sessions: 12, startsWithinMs: 600_000, blockTokens: 640 })
  return trace.toSorted((left, right) => left.arrivalMs - right.arrivalMs).map(({ prefix }) => prefix?.keys ?? [])
}
