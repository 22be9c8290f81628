import type { ToldTokens } from '@infermesh/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UntoldTokens } from './untold-tokens.ts'

test('the first tokens are told at once, the others together when asked for', () => {
  const untold = new UntoldTokens()

  expect(untold.add(0, 2, 100)).toEqual([{ from: 0, to: 2, agoMs: [0, 0] }])
  expect(untold.add(2, 3, 110)).toEqual([])
  expect(untold.add(3, 5, 120)).toEqual([])
  expect(untold.tell(125)).toEqual([{ from: 2, to: 5, agoMs: [15, 5, 5] }])
  expect(untold.tell(130)).toEqual([])
})

test('nothing waits longer than a second while tokens come', () => {
  const untold = new UntoldTokens()
  untold.add(0, 1, 0)
  untold.add(1, 2, 10)

  expect(untold.add(2, 3, 1_009)).toEqual([])
  expect(untold.add(3, 4, 1_010)).toEqual([{ from: 1, to: 4, agoMs: [1_000, 1, 0] }])
})

test('tokens that do not follow the last ones are told apart from them', () => {
  const untold = new UntoldTokens()
  untold.add(0, 4, 0)
  untold.add(4, 8, 1)

  expect(untold.add(6, 9, 3)).toEqual([{ from: 4, to: 8, agoMs: [2, 2, 2, 2] }])
  expect(untold.tell(3)).toEqual([{ from: 6, to: 9, agoMs: [0, 0, 0] }])
})

test('every token is told once, in order and with its time, however they come', () => {
  const batches = fc.array(fc.record({ count: fc.integer({ min: 1, max: 9 }), wait: fc.integer({ min: 0, max: 700 }), ends: fc.boolean() }))
  fc.assert(
    fc.property(batches, (given) => {
      const untold = new UntoldTokens()
      const came: number[] = []
      const told: number[] = []
      let now = 0
      const hear = (stretches: readonly ToldTokens[]): void => {
        for (const { from, to, agoMs } of stretches) {
          expect([from, to]).toEqual([told.length, told.length + agoMs.length])
          told.push(...agoMs.map((ago) => now - ago))
        }
      }
      for (const { count, wait, ends } of given) {
        now += wait
        const from = came.length
        for (let index = 0; index < count; index++) came.push(now)
        hear(untold.add(from, from + count, now))
        if (ends) hear(untold.tell(now))
      }
      hear(untold.tell(now))

      expect(told).toEqual(came)
    }),
  )
})
