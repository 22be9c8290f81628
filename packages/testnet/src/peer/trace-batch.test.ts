import { expect, test } from 'vitest'
import type { PeerTrace } from './channel.ts'
import { TraceBatch } from './trace-batch.ts'

const record = (index: number): PeerTrace => ({ peer: 'p', at: index, event: { type: `e${index}` } })

test('what one turn of the event loop emits goes out as one batch at its end', async () => {
  const sent: number[] = []
  const trace = new TraceBatch((batch) => sent.push(batch.length))

  trace.add(record(0))
  trace.add(record(1))
  expect(sent).toEqual([])
  await new Promise(setImmediate)

  expect(sent).toEqual([2])
})

test('a full batch goes out at once', () => {
  const sent: number[] = []
  const trace = new TraceBatch((batch) => sent.push(batch.length))

  for (let index = 0; index < 450; index++) trace.add(record(index))
  expect(sent).toEqual([200, 200])
  trace.flush()

  expect(sent).toEqual([200, 200, 50])
})

test('when nobody takes the batches records are dropped, and their number is told as soon as there is room', () => {
  const sent: PeerTrace[] = []
  const waiting: (() => void)[] = []
  const trace = new TraceBatch(
    (batch, taken) => {
      sent.push(...batch)
      waiting.push(taken)
    },
    { batch: 2, unsent: 4 },
  )

  for (let index = 0; index < 10; index++) trace.add(record(index))
  for (const taken of waiting.splice(0)) taken()
  trace.add(record(10))
  trace.flush()

  expect(sent.map(({ event }) => event)).toEqual([
    { type: 'e0' },
    { type: 'e1' },
    { type: 'e2' },
    { type: 'e3' },
    { type: 'dropped', queue: 'trace', count: 6 },
    { type: 'e10' },
  ])
})
