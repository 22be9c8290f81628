import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { hostile } from './hostile.ts'
import { attempts, onlyAsSealed, type Reader } from './reader.ts'
import { sealedReaders } from './sealed-readers.ts'
import { tokenReaders } from './token-readers.ts'

const random = randomFrom('readers')
const readers = [...sealedReaders(random), ...tokenReaders(random)]

/** Whoever threw, with the bytes that made it. */
function thrownBy(some: readonly Reader[], inputs: number): readonly string[] {
  const thrown: string[] = []
  let tried = 0
  for (const { reader, bytes, error } of attempts(some, hostile, randomFrom('hostile'))) {
    if (error !== undefined) thrown.push(`${reader.name}: ${String(error)}: ${Buffer.from(bytes).toString('hex')}`)
    if (++tried >= inputs) return thrown
  }
  return thrown
}

test.each(readers.map((reader) => [reader.name, reader] as const))('the reader of a %s reads what is good', (_, reader) => {
  expect(reader.read(reader.good)).toBe(true)
})

test('hostile bytes make no reader of a sealed exchange throw, nor open what was changed', () => {
  expect(thrownBy(readers, 300 * readers.length)).toEqual([])
})

test('a seal that anything opens is noticed', () => {
  expect(thrownBy([onlyAsSealed('open door', Uint8Array.of(1, 2, 3), () => true)], 20)).not.toEqual([])
})
