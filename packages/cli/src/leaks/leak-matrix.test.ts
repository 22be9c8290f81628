import type { Leak } from '@infermesh/analysis'
import { expect, test } from 'vitest'
import { leakMatrix } from './leak-matrix.ts'

const leak = (observer: string, fact: string, success: number, samples = 10): Leak => ({
  ...{ observer, fact, attack: 'sees', success, blind: 0, samples },
})

test('the best attack of each observer stands at each fact, and nothing where it has none', () => {
  const matrix = leakMatrix([
    [leak('relay', 'sender', 1), leak('links', 'sender', 0.2), leak('links', 'sender', 0.35), leak('links', 'model', 0.7)],
  ])

  expect(matrix).toEqual([
    ['of 100', 'relay', 'links'],
    ['sender', '100 %', '35 %'],
    ['model', '', '70 %'],
  ])
})

test('two runs stand side by side, and what only one of them has is marked', () => {
  const matrix = leakMatrix([
    [leak('relay', 'model', 0.98), leak('issuer', 'spend', 0, 0)],
    [leak('relay', 'model', 0.614), leak('issuer', 'spend', 0.33)],
  ])

  expect(matrix).toEqual([
    ['of 100', 'relay', 'issuer'],
    ['model', '98 → 61 %', ''],
    ['spend', '', '– → 33 %'],
  ])
})
