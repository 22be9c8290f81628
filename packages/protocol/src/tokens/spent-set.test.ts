import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SpentSet } from './spent-set.ts'

const token = { id: 'a', epoch: 1 }

test('a token is locked before its work, and spent after it', () => {
  const set = new SpentSet({ entriesMax: 10 })

  expect(set.lock(token, 'r1', 100, 0)).toBe('locked')
  expect(set.lock(token, 'r1', 100, 0)).toBe('locked')
  expect(set.lock(token, 'r2', 100, 50)).toBe('in-use')
  expect(set.consume(token, 'r2')).toBe(false)
  expect(set.consume(token, 'r1')).toBe(true)
  expect(set.lock(token, 'r2', 300, 200)).toBe('spent')
  expect(set.release(token, 'r1')).toBe(false)
  expect(set.spent(1)).toEqual([token])
})

test('a released token, and one whose lock ran out, is free again', () => {
  const set = new SpentSet({ entriesMax: 10 })

  set.lock(token, 'r1', 100, 0)
  expect(set.release(token, 'r1')).toBe(true)
  expect(set.size()).toBe(0)
  expect(set.lock(token, 'r2', 100, 0)).toBe('locked')
  expect(set.lock(token, 'r3', 300, 100)).toBe('locked')
  expect(set.consume(token, 'r2')).toBe(false)
})

test('a full set refuses new tokens but keeps what it knows', () => {
  const set = new SpentSet({ entriesMax: 1 })

  set.lock(token, 'r1', 100, 0)
  expect(set.lock({ id: 'b', epoch: 1 }, 'r2', 100, 0)).toBe('full')
  expect(set.consume(token, 'r1')).toBe(true)
  set.forgetEpoch(1)
  expect(set.size()).toBe(0)
  expect(set.lock({ id: 'b', epoch: 2 }, 'r2', 100, 0)).toBe('locked')
})

test('merging another store shows the double spend that both let through', () => {
  const [left, right] = [new SpentSet({ entriesMax: 10 }), new SpentSet({ entriesMax: 10 })]
  for (const set of [left, right]) {
    set.lock(token, 'r', 100, 0)
    set.consume(token, 'r')
  }

  expect(left.spent(1).map((spent) => right.merge(spent))).toEqual([true])
  expect(right.merge({ id: 'b', epoch: 1 })).toBe(false)
  expect(right.lock({ id: 'b', epoch: 1 }, 'r', 100, 0)).toBe('spent')
})

test('a token used at G stores is served at most G times, and once at a shared one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(4), { maxLength: 20 }), fc.array(fc.nat(30)), (gateways, uses, merges) => {
      const stores = Array.from({ length: gateways }, () => new SpentSet({ entriesMax: 100 }))
      const shared = new SpentSet({ entriesMax: 100 })
      const served = { apart: 0, shared: 0 }
      uses.forEach((use, time) => {
        if (merges.includes(time)) mergeAll(stores)
        const store = stores[use % gateways]
        if (store?.lock(token, `r${time}`, 1e9, time) === 'locked' && store.consume(token, `r${time}`)) served.apart += 1
        if (shared.lock(token, `r${time}`, 1e9, time) === 'locked' && shared.consume(token, `r${time}`)) served.shared += 1
      })

      expect(served.apart).toBeLessThanOrEqual(gateways)
      expect(served.shared).toBe(Math.min(1, uses.length))
    }),
  )
})

function mergeAll(stores: readonly SpentSet[]): void {
  for (const from of stores) {
    for (const to of stores) for (const spent of from.spent(1)) to.merge(spent)
  }
}
