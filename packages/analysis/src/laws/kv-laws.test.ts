import { randomFrom } from '@infermesh/kernel'
import {
  BlockPool,
  dropPolicy,
  Engine,
  type EngineOptions,
  keepPolicy,
  replayPrefixes,
  runReservation,
  serveTrace,
} from '@infermesh/serving'
import { expect, test } from 'vitest'
import { blockConservation } from './block-conservation.ts'
import { blockSizeOptimum, sharedFrontLoss } from './block-size.ts'
import { closedSystem } from './closed-system.ts'
import { contiguousBatch } from './contiguous-batch.ts'
import { conversationReuse } from './conversation-reuse.ts'
import { fetchOrCompute } from './fetch-or-compute.ts'
import { infiniteCache, lruInclusion } from './infinite-cache.ts'
import { internalWaste } from './internal-waste.ts'
import { kvLaws } from './kv-laws.ts'
import type { Law } from './law.ts'
import { little, singleServer } from './queueing.ts'
import { saturatedBatch } from './saturated-batch.ts'
import { skiRental } from './ski-rental.ts'
import { stormRecovery, stormSize } from './storm.ts'
import { endlessTier, tiersAddUp } from './tiers-add-up.ts'

test.each(kvLaws.map((law) => [law.name, law] as const))('%s holds', (_, law) => {
  const result = law.run(randomFrom(law.name))

  expect(result, JSON.stringify(result)).toMatchObject({ held: true })
})

/** Counts at most two running requests. */
class Undercounting extends Engine {
  override load(): ReturnType<Engine['load']> {
    const { running, ...rest } = super.load()
    return { running: Math.min(running, 2), ...rest }
  }
}

/** Loses sight of one table. */
class Forgetful extends Engine {
  override inspect(): ReturnType<Engine['inspect']> {
    const { pool, tables } = super.inspect()
    return { pool, tables: tables.slice(1) }
  }
}

const withOptions = (change: (options: EngineOptions) => EngineOptions) => (options: EngineOptions) => new Engine(change(options))
const withoutTiers = ({ tiers: _, ...options }: EngineOptions): EngineOptions => options
let calls = 0

const planted: readonly (readonly [string, Law])[] = [
  ['blocks twice the stated size', internalWaste(withOptions((options) => ({ ...options, blockTokens: options.blockTokens * 2 })))],
  [
    'fronts found in whole pairs of blocks',
    sharedFrontLoss(withOptions((options) => ({ ...options, blockTokens: options.blockTokens * 2 }))),
  ],
  [
    'blocks never larger than four tokens',
    blockSizeOptimum(withOptions((options) => ({ ...options, blockTokens: Math.min(4, options.blockTokens), blocks: 100_000 }))),
  ],
  ['a fetch whatever it costs', fetchOrCompute(withOptions((options) => ({ ...options, computeMs: () => Number.POSITIVE_INFINITY })))],
  ['a new operator that forgets the front too', stormSize(withOptions((options) => ({ ...options, idle: dropPolicy() })))],
  ['a replica that does not keep what it is sent', stormRecovery(withOptions((options) => ({ ...options, idle: dropPolicy() })))],
  [
    'best fit in place of a buddy, and half the reservation',
    contiguousBatch((options) => runReservation({ ...options, contextMax: options.contextMax / 2 })),
  ],
  ['a table that nobody knows of', blockConservation((options) => new Forgetful(options))],
  ['a cache that is smaller than it says', infiniteCache((blocks, chains) => share(blocks / 3, chains))],
  ['memory used the wrong way round', lruInclusion((blocks, chains) => share(9_000 - blocks, chains))],
  ['tiers that lose what they are given', tiersAddUp(withOptions(withoutTiers))],
  [
    'a tier with an end',
    endlessTier(
      withOptions((options) => ({
        ...options,
        ...(options.tiers ? { tiers: options.tiers.map((tier) => ({ ...tier, blocks: 40 })) } : {}),
      })),
    ),
  ],
  ['a count that stops at two', little((options) => new Undercounting(options))],
  ['two servers for one', singleServer(withOptions((options) => ({ ...options, sequencesMax: 2 })))],
  ['a batch bounded by a constant', saturatedBatch(withOptions((options) => ({ ...options, sequencesMax: 20 })))],
  ['a conversation that is kept anyway', conversationReuse(withOptions((options) => ({ ...options, idle: keepPolicy() })))],
  ['a time-to-live that is never enforced', skiRental(withOptions((options) => ({ ...options, idle: keepPolicy() })))],
  ['users who do not think', closedSystem((options) => serveTrace(calls++ === 0 ? { ...options, thinkMsMax: 0 } : options))],
]

test.each(planted)('%s breaks its law', (_, law) => {
  expect(law.run(randomFrom(law.name)).held).toBe(false)
})

test('every law has a planted bug', () => {
  expect(planted.map(([, { name }]) => name).toSorted()).toEqual(kvLaws.map(({ name }) => name).toSorted())
})

function share(blocks: number, chains: Parameters<typeof replayPrefixes>[1]): number {
  const { hits, references } = replayPrefixes(new BlockPool({ blocks: Math.floor(blocks) }), chains)
  return hits / references
}
