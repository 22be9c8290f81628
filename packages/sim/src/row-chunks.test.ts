import { expect, test } from 'vitest'
import { RowChunks } from './row-chunks.ts'

test('released chunks are used again, so the arena stays as large as its peak', () => {
  const chunks = new RowChunks(2)
  const fill = (list: number): void => {
    for (let row = 0; row < 1000; row++) chunks.words[chunks.append(list)] = row
  }
  fill(0)
  const { length } = chunks.words

  for (let round = 0; round < 100; round++) {
    chunks.release(0)
    fill(0)
  }

  expect(chunks.words.length).toBe(length)
})

test('lists share the arena without mixing', () => {
  const chunks = new RowChunks(2)
  for (let row = 0; row < 500; row++) chunks.words[chunks.append(row % 2)] = row

  const seen: number[] = []
  chunks.each(1, (row) => seen.push(chunks.words[row] ?? -1))

  expect(seen).toEqual(Array.from({ length: 250 }, (_, index) => 2 * index + 1))
})
