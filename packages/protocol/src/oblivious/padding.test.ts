import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_BUCKETS, type PaddingPolicy, paddedLength, padTo } from './padding.ts'
import { must } from './result.ts'
import { decodeSlot, encodeSlot, slotsOf } from './slots.ts'

const POLICIES: readonly PaddingPolicy[] = [
  { kind: 'none' },
  { kind: 'multiple', of: 64 },
  { kind: 'padme' },
  { kind: 'powerOfTwo' },
  DEFAULT_BUCKETS,
  { kind: 'fixed', size: 4096 },
]

test('no policy shortens, and a padded length is its own padded length', () => {
  fc.assert(
    fc.property(fc.constantFrom(...POLICIES), fc.nat(100_000), (policy, length) => {
      const padded = paddedLength(policy, length)
      if (padded === undefined) return

      expect(padded).toBeGreaterThanOrEqual(length)
      expect(paddedLength(policy, padded)).toBe(padded)
    }),
  )
})

test('Padmé costs at most 11.63 %, at 129 bytes, and leaves 172 classes up to 2^16', () => {
  const costs = Array.from({ length: 65536 }, (_, index) => ({
    length: index + 1,
    padded: paddedLength({ kind: 'padme' }, index + 1) ?? 0,
  }))
  const worst = costs.reduce((left, right) => (right.padded / right.length > left.padded / left.length ? right : left))

  expect(worst).toEqual({ length: 129, padded: 144 })
  expect(100 * (144 / 129 - 1)).toBeCloseTo(11.627907, 6)
  expect(new Set(costs.map((cost) => cost.padded)).size).toBe(172)
})

test('classes are as published', () => {
  expect([1, 2, 3, 4, 5, 1000].map((length) => paddedLength({ kind: 'powerOfTwo' }, length))).toEqual([1, 2, 4, 4, 8, 1024])
  expect([0, 1, 64, 65].map((length) => paddedLength({ kind: 'multiple', of: 64 }, length))).toEqual([0, 64, 64, 128])
  expect([0, 1025, 20_000, 65_537].map((length) => paddedLength(DEFAULT_BUCKETS, length))).toEqual([1024, 2048, 65_536, undefined])
  expect(paddedLength({ kind: 'fixed', size: 10 }, 11)).toBeUndefined()
})

test('padding adds zeros and refuses to shorten', () => {
  expect(padTo(Uint8Array.of(1, 2), 4)).toEqual(Uint8Array.of(1, 2, 0, 0))
  expect(() => padTo(new Uint8Array(3), 2)).toThrow('at least 3')
})

test('slots carry any data in records of one size, and cover carries none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 3, max: 80 }), (data, size) => {
      const slots = slotsOf(data, size)

      expect(slots.every((slot) => slot.length === size)).toBe(true)
      expect(slots.flatMap((slot) => [...must(decodeSlot(slot))])).toEqual([...data])
    }),
  )
  expect(must(decodeSlot(encodeSlot(new Uint8Array(0), 16))).length).toBe(0)
})

test('a slot whose length or filler is wrong is refused', () => {
  for (const slot of [[], [0], [0, 3, 1, 2], [0, 1, 5, 0, 1]]) {
    expect(decodeSlot(Uint8Array.from(slot))).toMatchObject({ ok: false, code: 'malformed' })
  }
})
