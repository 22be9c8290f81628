import { randomFrom } from '@infermesh/kernel'
import { expect, test } from 'vitest'
import { expectedCounts } from './flood-graph.ts'
import { floodKernel } from './flood-kernel.ts'
import { floodPlainHeap } from './plain-heap.ts'

test('the flood job counts the same deliveries and events in the message world as on a plain heap', () => {
  const kernel = floodKernel(1000, randomFrom('flood'))
  const heap = floodPlainHeap(1000, randomFrom('flood'))

  expect(kernel).toMatchObject({ deliveries: 20_000, events: 300_040 })
  expect(heap).toMatchObject(expectedCounts(1000))
})
