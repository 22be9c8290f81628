import { expect, test } from 'vitest'
import { Recollection } from './recollection.ts'

const bytesOf = (number: number, length = 32): Uint8Array => new Uint8Array(length).fill(number & 0xff).fill(number >>> 8, length - 1)

test('a value is found by bytes that are the same throughout', () => {
  const known = new Recollection<string>()
  known.put(bytesOf(1), 'one')
  const other = bytesOf(1)
  other[0] = 2

  expect(known.get(bytesOf(1))).toBe('one')
  expect(known.get(other)).toBeUndefined()
})

test('the latest are kept, at least half as many as allowed and never more', () => {
  const known = new Recollection<number>(100)
  for (let number = 0; number < 1_000; number++) known.put(bytesOf(number), number)

  const left = Array.from({ length: 1_000 }, (_, number) => number).filter((number) => known.get(bytesOf(number)) === number)

  expect(left.length).toBeGreaterThanOrEqual(50)
  expect(left.length).toBeLessThanOrEqual(100)
  expect(left.at(-1)).toBe(999)
  expect(left).toEqual(Array.from({ length: left.length }, (_, index) => 1_000 - left.length + index))
})

test('large bytes are let go sooner', () => {
  const known = new Recollection<number>()
  for (let number = 0; number < 40; number++) known.put(bytesOf(number, 1 << 20), number)

  expect(known.get(bytesOf(39, 1 << 20))).toBe(39)
  expect(known.get(bytesOf(20, 1 << 20))).toBeUndefined()
})

test('what is deleted is gone, of either age', () => {
  const known = new Recollection<number>(4)
  for (let number = 0; number < 3; number++) known.put(bytesOf(number), number)
  for (let number = 0; number < 3; number++) known.delete(bytesOf(number))

  expect([0, 1, 2].map((number) => known.get(bytesOf(number)))).toEqual([undefined, undefined, undefined])
})
