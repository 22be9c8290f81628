import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventQueue, TICKS_PER_MS } from './event-queue.ts'

interface Entry {
  readonly at: number
  readonly id: number
}

const grid = (ms: number, tick: number): number => ms + tick / TICKS_PER_MS

const delay = fc.oneof(
  fc.constant(0),
  fc.tuple(fc.nat(3), fc.nat(TICKS_PER_MS - 1)),
  fc.tuple(fc.nat(5000), fc.nat(3)),
  fc.tuple(fc.nat(3_000_000), fc.constant(0)),
  fc.tuple(fc.nat(4_000_000_000), fc.nat(5)),
)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('push' as const), delay }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pop' as const), within: fc.oneof(fc.constant(Infinity), fc.nat(6000)) }) },
)

test('events come out by time, then by order of insertion, whatever the mix of pushes and pops', () => {
  void fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new EventQueue()
      const model: Entry[] = []
      let now = 0
      let id = 0
      for (const next of steps) {
        if (next.type === 'push') {
          const at = now + (typeof next.delay === 'number' ? 0 : grid(next.delay[0], next.delay[1]))
          queue.push(at, id % 200, id, -id, id * 2)
          model.push({ at, id })
          id++
          continue
        }
        const until = now + next.within
        const due = model.filter((entry) => entry.at <= until).sort((left, right) => left.at - right.at || left.id - right.id)[0]
        expect(queue.pop(until)).toBe(due !== undefined)
        if (due === undefined) {
          if (until !== Infinity) now = until
          continue
        }
        expect([queue.at, queue.kind, queue.peer, queue.a, queue.b]).toEqual([due.at, due.id % 200, due.id, -due.id || 0, due.id * 2])
        model.splice(model.indexOf(due), 1)
        now = due.at
        expect(queue.size).toBe(model.length)
      }
    }),
    { numRuns: 300 },
  )
})

test('a hundred thousand pending events at one instant keep their order', () => {
  const queue = new EventQueue()
  for (let id = 0; id < 100_000; id++) queue.push(7.5, 1, id, 0, 0)

  const order: number[] = []
  while (queue.pop(Infinity)) order.push(queue.peer)

  expect(order).toEqual(Array.from({ length: 100_000 }, (_, id) => id))
})

test('refuses an event in the past', () => {
  const queue = new EventQueue()
  queue.push(10, 0, 0, 0, 0)
  queue.pop(Infinity)

  expect(() => queue.push(9, 0, 0, 0, 0)).toThrow('between 10 and')
})
