import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { findData } from '../files/data-folder.ts'
import { readTrace } from '../files/trace-file.ts'
import { BlockPool, type OrderName } from './block-pool.ts'
import { optimalHits } from './offline-optimum.ts'
import { type Chain, leadingHits, type PrefixHits, replayPrefixes } from './prefix-replay.ts'

const conversation = findData('mooncake/conversation_trace.jsonl.gz')

/** Eight replays of the whole trace, on a machine that may be busy. */
const slowMachineMs = 60_000

describe.skipIf(conversation.missing !== undefined)(
  `the Mooncake conversation trace${conversation.missing === undefined ? '' : ` (${conversation.missing})`}`,
  () => {
    const capacities = [1_000, 3_000, 5_859, 10_000, 30_000, 50_000, 97_656, 200_000]
    const published: readonly (readonly [OrderName, readonly string[]])[] = [
      ['lru', ['0.0445', '0.0653', '0.1361', '0.2116', '0.3257', '0.3546', '0.3635', '0.3664']],
      ['fifo', ['0.0436', '0.0633', '0.1250', '0.1813', '0.2937', '0.3335', '0.3559', '0.3664']],
      ['lfu-remembered', ['0.0823', '0.1179', '0.1518', '0.1879', '0.2799', '0.3430', '0.3631', '0.3664']],
      ['lfu-in-cache', ['0.0481', '0.0750', '0.0969', '0.1317', '0.2760', '0.3439', '0.3631', '0.3664']],
      ['length-aware', ['0.0811', '0.1161', '0.1450', '0.1750', '0.2578', '0.3003', '0.3440', '0.3664']],
    ]
    let chains: Chain[] = []
    beforeAll(async () => {
      chains = (await readTrace(conversation.path)).requests.map(({ prefix }) => prefix?.keys ?? [])
    })

    test.each(published)(
      'gives the measured hit ratios under %s',
      (order, expected) => {
        const longest = Math.max(...chains.map(({ length }) => length))

        const measured = capacities.map((blocks) =>
          ratio(replayPrefixes(new BlockPool({ blocks: blocks + longest, order }), chains, blocks)),
        )

        expect(measured).toEqual(expected)
      },
      slowMachineMs,
    )

    test('gives the same under lru when the running request counts against the capacity, as in vLLM', () => {
      const measured = capacities.map((blocks) => ratio(replayPrefixes(new BlockPool({ blocks }), chains)))

      expect(measured).toEqual(published[0]?.[1])
    })

    test('gives the measured optimum', () => {
      const measured = capacities.map((blocks) => ratio(optimalHits(blocks, chains)))

      expect(measured).toEqual(['0.1907', '0.2945', '0.3532', '0.3664', '0.3664', '0.3664', '0.3664', '0.3664'])
    })
  },
)

/** Chains whose blocks are named by everything before them, as a chain hash does. */
const conversations = fc
  .array(fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 60 })
  .map((prompts) =>
    prompts.map((blocks) => blocks.map((_, end) => blocks.slice(0, end + 1).reduce((key, block) => key * 4 + block + 1, 0))),
  )

test('hits every repeated block when memory never runs out', () => {
  fc.assert(
    fc.property(conversations, (chains) => {
      const { hits, references } = replayPrefixes(new BlockPool({ blocks: 1_000 }), chains)

      expect(hits).toBe(references - new Set(chains.flat()).size)
    }),
  )
})

test('under lru never loses from more memory, and no order beats the optimum', () => {
  fc.assert(
    fc.property(conversations, fc.constantFrom<OrderName>('lru', 'fifo', 'lfu-in-cache', 'length-aware'), (chains, order) => {
      const hits = [2, 4, 6, 9, 14].map((kept) => replayPrefixes(new BlockPool({ blocks: kept + 6 }), chains, kept).hits)
      const other = replayPrefixes(new BlockPool({ blocks: 12, order }), chains, 6).hits

      expect(hits).toEqual(hits.toSorted((left, right) => left - right))
      expect(other).toBeLessThanOrEqual(optimalHits(6, chains).hits)
    }),
  )
})

test('looks up a prefix without touching it', () => {
  const pool = new BlockPool({ blocks: 4 })
  replayPrefixes(pool, [[1, 2, 3]])

  expect(leadingHits(pool, [1, 2, 9])).toBe(2)
  expect(pool.free()).toBe(4)
})

test('says what to do when a prompt does not fit', () => {
  expect(() => replayPrefixes(new BlockPool({ blocks: 2 }), [[1, 2, 3]])).toThrow('expected a prompt of at most 2 blocks, got 3')
})

const ratio = ({ hits, references }: PrefixHits): string => (hits / references).toFixed(4)
