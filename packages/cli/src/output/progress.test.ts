import { expect, test } from 'vitest'
import { Counts } from './progress.ts'

test('the live line tells virtual time, how fast it goes, and what has happened', () => {
  const counts = new Counts(() => 2_000)
  counts.observe({ seq: 1, at: 5_000, peer: 'world', event: { type: 'peerStopped', name: 'gateway-0' } })
  counts.observe({ seq: 2, at: 12_000, peer: 'world', event: { type: 'peerStopped', name: 'gateway-1' } })

  expect(counts.line().trim()).toMatch(/^12\.0 s {3}6\.0× {3}events 2 {3}requests 0\/0 /)
})
