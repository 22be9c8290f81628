import { assert } from '@infermesh/kernel'
import { noSlot } from './block-index.ts'
import type { BlockPool } from './block-pool.ts'

/** The keys of a prompt's blocks. An equal key means an equal block and equal blocks before it. */
export type Chain = ArrayLike<number>

export interface PrefixHits {
  /** Blocks asked for. */
  readonly references: number
  /** Blocks of the longest leading cached run of each request. */
  readonly hits: number
}

/** How many leading blocks of a chain the pool has. Changes nothing. */
export function leadingHits(pool: BlockPool, chain: Chain): number {
  let run = 0
  while (run < chain.length && pool.find(chain[run] as number) !== noSlot) run++
  return run
}

/**
 * Serves requests one after another from one pool: match, hold, take what is missing, release from the tail.
 * With `cachedMax` the running request's memory is apart: after each one, the pool gives up content down to that many blocks.
 */
export function replayPrefixes(pool: BlockPool, chains: Iterable<Chain>, cachedMax = pool.blocks): PrefixHits {
  const table = new Int32Array(pool.blocks)
  let references = 0
  let hits = 0
  for (const chain of chains) {
    assert(
      chain.length <= pool.blocks,
      `expected a prompt of at most ${pool.blocks} blocks, got ${chain.length}: give the pool more blocks`,
    )
    references += chain.length
    hits += holdRun(pool, chain, table)
    for (let index = 0; index < chain.length; index++) if (table[index] === noSlot) table[index] = takeMissing(pool, chain, index)
    for (let index = chain.length - 1; index >= 0; index--) pool.release(table[index] as number)
    while (pool.cached() > cachedMax) pool.evict()
  }
  return { references, hits }
}

/** Holds every cached block of the chain, also behind a missing one, and counts the leading run. */
function holdRun(pool: BlockPool, chain: Chain, table: Int32Array): number {
  let run = 0
  for (let index = 0; index < chain.length; index++) {
    const slot = pool.find(chain[index] as number)
    table[index] = slot
    if (slot === noSlot) continue
    pool.hold(slot)
    if (run === index) run++
  }
  return run
}

function takeMissing(pool: BlockPool, chain: Chain, index: number): number {
  const slot = pool.take()
  pool.store(slot, chain[index] as number, index)
  return slot
}
