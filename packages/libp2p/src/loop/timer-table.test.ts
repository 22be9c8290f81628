import { expect, test } from 'vitest'
import { TimerTable } from './timer-table.ts'

test('a runtime timer that fires early by the clock of the machine waits for the rest', () => {
  const clock = { now: 0, pending: [] as { readonly delay: number; readonly callback: () => void }[] }
  const fired: string[] = []
  const table = new TimerTable(
    {
      now: () => clock.now,
      timers: {
        after(delay, callback) {
          clock.pending.push({ delay, callback })
          return () => undefined
        },
      },
    },
    (key) => fired.push(`${key} at ${clock.now}`),
  )

  table.set('lease', 100)
  clock.now = 99
  clock.pending.shift()?.callback()
  expect(fired).toEqual([])
  expect(clock.pending.map(({ delay }) => delay)).toEqual([1])
  clock.now = 100
  clock.pending.shift()?.callback()

  expect(fired).toEqual(['lease at 100'])
})
