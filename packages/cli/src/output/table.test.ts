import { expect, test } from 'vitest'
import { tableText } from './table.ts'

const head = ['request', 'model', 'outcome']
const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, row) => [`id ${row % 7}`.repeat(1 + (row % 3)), 'm', row % 2 === 0 ? 'ok' : ''])

test('columns are as wide as their widest cell, and no line ends in blanks', () => {
  expect(
    tableText(
      ['a', 'b'],
      [
        ['long', 'x'],
        ['c', ''],
      ],
    ),
  ).toBe('a     b\nlong  x\nc')
})

test('a long table looks like a short one, and takes no longer for a row', () => {
  const [short, long] = [tableText(head, rowsOf(900)), tableText(head, rowsOf(40_000))]

  expect(long.split('\n').slice(0, 901)).toEqual(short.split('\n'))
  expect(long.split('\n')).toHaveLength(40_001)
})
