import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noSlot } from './block-index.ts'
import { BlockPool, type OrderName } from './block-pool.ts'
import { auditPool } from './pool-audit.ts'

const orders: readonly OrderName[] = ['lru', 'fifo', 'lfu-remembered', 'lfu-in-cache', 'length-aware']

test.each(orders)('keeps its rules through any sequence of requests, under %s', (order) => {
  fc.assert(
    fc.property(operations, (steps) => {
      expect(broken(new BlockPool({ blocks: 13, order }), steps)).toEqual([])
    }),
  )
})

test('the audit finds a pool that sometimes forgets to count a holder', () => {
  class Careless extends BlockPool {
    override hold(slot: number): void {
      if (slot % 3 !== 0) super.hold(slot)
    }
  }

  expect(bugFound((blocks) => new Careless({ blocks }))).toMatch(/has 1 references, tables name it 2 times/)
})

test('the audit finds a pool that leaks a block', () => {
  class Leaky extends BlockPool {
    override release(slot: number): void {
      if (slot !== 4) super.release(slot)
    }
  }

  expect(bugFound((blocks) => new Leaky({ blocks }))).toMatch(/block 4 has 1 references, tables name it 0 times/)
})

test('the audit finds content in a block that is not full', () => {
  const pool = new BlockPool({ blocks: 2 })
  const slot = pool.take()
  pool.store(slot, 7, 0)

  expect(auditPool(pool, [{ slots: [slot], fullCount: 0 }])).toEqual([`block ${slot} carries key 7 but is not full`])
})

test('reuses empty blocks before cached ones, and the tail of the oldest request first', () => {
  const lost: number[] = []
  const pool = new BlockPool({ blocks: 4, onEvict: (key) => lost.push(key) })
  const slots = [10, 11, 12].map((key, depth) => {
    const slot = pool.take()
    pool.store(slot, key, depth)
    return slot
  })
  for (const slot of slots.toReversed()) pool.release(slot)

  for (let count = 0; count < 4; count++) pool.take()

  expect(lost).toEqual([12, 11, 10])
  expect(pool.take()).toBe(noSlot)
})

test('a second copy of the same content stays nameless, and is gone when released', () => {
  const pool = new BlockPool({ blocks: 2 })
  const [first, second] = [pool.take(), pool.take()]

  expect([pool.store(first, 5, 0), pool.store(second, 5, 0)]).toEqual([true, false])
  pool.release(second)
  expect(pool.empty()).toBe(1)
  expect(pool.find(5)).toBe(first)
})

test('refuses to release a block that nobody holds', () => {
  const pool = new BlockPool({ blocks: 1 })

  expect(() => pool.release(0)).toThrow('expected a held block to release, got free block 0')
})

/** A request names a chain from a small alphabet, so that prefixes meet; `end` finishes the oldest. */
const operations = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('start' as const), family: fc.nat(2), length: fc.integer({ min: 1, max: 6 }), partial: fc.boolean() }),
    fc.record({ type: fc.constant('end' as const), index: fc.nat(5) }),
    fc.record({ type: fc.constant('evict' as const) }),
  ),
  { maxLength: 60 },
)

type Operation = typeof operations extends fc.Arbitrary<infer Steps> ? (Steps extends readonly (infer Step)[] ? Step : never) : never

/** Runs the steps and audits after each. */
function broken(pool: BlockPool, steps: readonly Operation[]): string[] {
  const tables: { slots: number[]; fullCount: number }[] = []
  for (const step of steps) {
    if (step.type === 'start') tables.push(start(pool, step))
    else if (step.type === 'evict') pool.evict()
    else for (const table of tables.splice(step.index, 1)) for (const slot of table.slots.toReversed()) pool.release(slot)
    const faults = auditPool(pool, tables)
    if (faults.length > 0) return faults
  }
  return []
}

function start(
  pool: BlockPool,
  { family, length, partial }: { family: number; length: number; partial: boolean },
): { slots: number[]; fullCount: number } {
  const slots: number[] = []
  const fullCount = partial ? length - 1 : length
  for (let depth = 0; depth < length; depth++) {
    const key = family * 100 + depth
    const cached = depth < fullCount ? pool.find(key) : noSlot
    if (cached !== noSlot) pool.hold(cached)
    const slot = cached === noSlot ? pool.take() : cached
    if (slot === noSlot) break
    if (depth < fullCount) pool.store(slot, key, depth)
    slots.push(slot)
  }
  return { slots, fullCount: Math.min(fullCount, slots.length) }
}

/** What the audit says of the smallest run that breaks this pool. */
function bugFound(poolOf: (blocks: number) => BlockPool): string {
  const result = fc.check(
    fc.property(operations, (steps) => broken(poolOf(13), steps).length === 0),
    { seed: 1, numRuns: 500 },
  )
  return result.counterexample === null ? 'nothing' : broken(poolOf(13), result.counterexample[0]).join('; ')
}
