import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type TierOptions, TierStack } from './tier-stack.ts'
import { TransferQueue } from './transfer-queue.ts'

const tier = (name: string, blocks: number): TierOptions => ({ name, blocks, bytesPerSecond: 1_000, baseMs: 5, serversPerDirection: 1 })

test('transfers queue on their server, each at full speed', () => {
  const one = new TransferQueue(tier('host', 1))
  const two = new TransferQueue({ ...tier('host', 1), serversPerDirection: 2 })

  expect([one.move(100, 0), one.move(100, 0), one.move(10, 1_000)]).toEqual([105, 210, 1_015])
  expect([two.move(100, 0), two.move(100, 0), two.move(100, 0)]).toEqual([105, 105, 210])
})

test('what one tier gives up moves to the next, and leaves the last', () => {
  const stack = new TierStack([tier('host', 2), tier('disk', 1)], 10)

  for (const key of [1, 2, 3, 4]) stack.put(key)

  expect([1, 2, 3, 4].map((key) => stack.has(key))).toEqual([false, true, true, true])
  expect(stack.remove([2, 3, 4])).toEqual([2, 1])
  expect(stack.cached()).toBe(0)
})

test('fetches from several tiers at once and is done with the slowest', () => {
  const stack = new TierStack([tier('host', 2), tier('disk', 2)], 10)

  expect(stack.fetch([1, 2], 100)).toBe(125)
  expect(stack.movedBytes()).toBe(30)
})

test('never holds a block in two tiers, nor more than its tiers have room for', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key: fc.nat(9), take: fc.boolean() })), (steps) => {
      const stack = new TierStack([tier('host', 3), tier('disk', 2)], 10)
      for (const { key, take } of steps) {
        if (take) stack.remove([key])
        else stack.put(key)
        const present = Array.from({ length: 10 }, (_, candidate) => candidate).filter((candidate) => stack.has(candidate))
        expect(stack.cached()).toBe(present.length)
        expect(stack.cached()).toBeLessThanOrEqual(5)
      }
    }),
  )
})
