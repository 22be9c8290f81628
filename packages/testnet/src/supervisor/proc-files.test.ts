import { expect, test } from 'vitest'
import { cpuMsOf, memoryOf, startTicksOf, stateOf } from './proc-files.ts'

test('this process has memory, moves and has begun', () => {
  const memory = memoryOf(process.pid)

  expect(memory?.rssBytes).toBeGreaterThan(10_000_000)
  expect(memory?.pssBytes).toBeLessThanOrEqual(memory?.rssBytes ?? 0)
  expect(cpuMsOf(process.pid)).toBeGreaterThan(10)
  expect(stateOf(process.pid)).toBe('moving')
  expect(startTicksOf(process.pid)).toBeGreaterThan(0)
  expect(startTicksOf(process.pid)).toBe(startTicksOf(process.pid))
})

test('of a process that is not there nothing is known', () => {
  expect(memoryOf(undefined)).toBeUndefined()
  expect(memoryOf(4_194_305)).toBeUndefined()
  expect(stateOf(4_194_305)).toBe('unknown')
  expect(startTicksOf(4_194_305)).toBeUndefined()
})
