import { expect, test } from 'vitest'
import { SavedValues } from './saved-values.ts'

test('equal bytes under one key are one copy, and never the bytes of whoever saved them', () => {
  const values = new SavedValues()
  const own = Uint8Array.of(1, 2, 3)

  const first = values.keep('a', own)
  const second = values.keep('a', Uint8Array.of(1, 2, 3))
  own[0] = 9

  expect(second.value).toBe(first.value)
  expect([...first.value]).toEqual([1, 2, 3])
})

test('other bytes, or another key, are another copy', () => {
  const values = new SavedValues()
  const first = values.keep('a', Uint8Array.of(1, 2, 3))

  expect(values.keep('b', Uint8Array.of(1, 2, 3)).value).not.toBe(first.value)
  expect([...values.keep('a', Uint8Array.of(1, 2, 4)).value]).toEqual([1, 2, 4])
  expect([...values.keep('a', Uint8Array.of(1, 2)).value]).toEqual([1, 2])
  expect([...first.value]).toEqual([1, 2, 3])
})

test('what was saved long ago is copied anew', () => {
  const values = new SavedValues()
  const first = values.keep('a', Uint8Array.of(7))
  for (let count = 0; count < 10_000; count++) values.keep(`other ${count}`, Uint8Array.of(7))

  const again = values.keep('a', Uint8Array.of(7))

  expect(again.value).not.toBe(first.value)
  expect([...again.value]).toEqual([7])
})
