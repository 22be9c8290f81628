import { expect, test } from 'vitest'
import { Gate } from './gate.ts'

test('no more jobs run at once than the gate is wide, in the order they came, though some fail', async () => {
  const gate = new Gate(3)
  const begun: number[] = []
  let running = 0
  let most = 0
  const job = (index: number) => async () => {
    begun.push(index)
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    if (index % 4 === 0) throw new Error(`job ${index}`)
  }

  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => gate.run(job(index))))

  expect(most).toBe(3)
  expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index))
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(5)
})
