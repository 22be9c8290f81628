import type { TraceRecord } from '@infermesh/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordOrder } from './record-order.ts'

test('records that arrive late within the window come out in order of time, numbered without gaps', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1000, noNaN: true })), (times) => {
      const out: TraceRecord[] = []
      const order = new RecordOrder(
        (record) => out.push(record),
        () => 0,
        100,
      )

      for (const [index, at] of times.entries()) order.add({ peer: 'p', at, event: { type: `e${index}` } })
      order.flush()

      const expected = [...times.entries()].toSorted(([i, a], [j, b]) => a - b || i - j)
      expect(out.map(({ event }) => event.type)).toEqual(expected.map(([index]) => `e${index}`))
      expect(out.map(({ at }) => at)).toEqual(expected.map(([, at]) => Math.floor(at)))
      expect(out.map(({ seq }) => seq)).toEqual(out.map((_, index) => index))
    }),
  )
})

test('a record waits for its window and no longer', async () => {
  let now = 0
  const out: TraceRecord[] = []
  const arrived = Promise.withResolvers<void>()
  const order = new RecordOrder(
    (record) => {
      out.push(record)
      if (out.length === 2) arrived.resolve()
    },
    () => now,
    10,
  )

  order.add({ peer: 'p', at: 5, event: { type: 'second' } })
  order.add({ peer: 'p', at: 3, event: { type: 'first' } })
  order.add({ peer: 'p', at: 500, event: { type: 'third' } })
  now = 20
  await arrived.promise

  expect(out.map(({ event }) => event.type)).toEqual(['first', 'second'])
  order.flush()
  expect(out.map(({ event }) => event.type)).toEqual(['first', 'second', 'third'])
})
