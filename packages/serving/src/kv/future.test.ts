import { expect, test } from 'vitest'
import { Future } from './future.ts'

test('tells the next request that has not come yet, in whatever order they come', () => {
  const future = new Future([
    { id: 'a', keys: [1, 2] },
    { id: 'b', keys: [1, 3] },
    { id: 'c', keys: [1, 2] },
  ])

  expect([1, 2, 3, 4].map((key) => future.nextUse(key))).toEqual([0, 0, 1, Number.POSITIVE_INFINITY])
  future.came('b')
  expect([1, 2, 3].map((key) => future.nextUse(key))).toEqual([0, 0, Number.POSITIVE_INFINITY])
  future.came('a')
  future.came('nobody')
  expect([1, 2].map((key) => future.nextUse(key))).toEqual([2, 2])
  future.came('c')
  expect(future.nextUse(1)).toBe(Number.POSITIVE_INFINITY)
})
