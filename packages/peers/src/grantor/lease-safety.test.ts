import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Outcome, play, schedules } from '../../test-support/lease-schedule.ts'
import { everyGrantor, type PlantedBug } from '../../test-support/planted-grantors.ts'
import { model, privateWorld, type Replacement } from '../../test-support/private-world.ts'

const seconds = 1000

test('over random faults with drift up to the bound, one peer at a time serves, epochs rise, keys are guarded, and one serves at the end', {
  timeout: 120 * seconds,
}, () => {
  fc.assert(
    fc.property(schedules(), (schedule) => {
      const outcome = play(schedule)

      expect(violationsOf(outcome)).toEqual([])
      expect(outcome.serving).toHaveLength(1)
    }),
    { numRuns: 16, endOnFailure: true },
  )
})

const planted: readonly [PlantedBug, RegExp][] = [
  ['skips the wait', /may serve at once|epoch/],
  ['forgets its promises on restart', /may serve at once|epoch/],
]

test.each(planted)('a grantor that %s is found', { timeout: 120 * seconds }, (bug, said) => {
  const found = firstViolation(everyGrantor(bug))

  expect(found).toMatch(said)
})

test('drift far beyond the bound breaks the promise, and the run shows it', () => {
  const slowHolder = [-300_000, 0, 0, 0]
  const fastGrantors = Array.from({ length: 5 }, () => 300_000)
  const isolated = { kind: 'isolate', at: 5 * seconds, peer: 'operator-0', forMs: 6 * seconds } as const

  const outcome = play({ seed: 1, drifts: [...slowHolder, ...fastGrantors], faults: [isolated] })

  expect(violationsOf(outcome)[0]).toMatch(/operator-0 and operator-1 may serve at once/)
})

test('a revoked standby that hears of nothing loses the lease within one term', () => {
  const [endedAt] = revokedBehindItsBack()

  expect(endedAt).toBeLessThanOrEqual(40_000 + 10_000)
})

test('a grantor that checks the right at the first grant only is found by the same run', () => {
  expect(revokedBehindItsBack('checks the right at the first grant only')).toEqual([])
})

/** A standby holds the lease; the owner comes back and revokes it, but no gossip reaches the standby. When did its lease end? */
function revokedBehindItsBack(bug?: PlantedBug): readonly number[] {
  const standbys = [{ peer: 'operator-1', temperature: 'hot', priority: 0 }] as const
  const run = privateWorld({ standbys, ...(bug === undefined ? {} : { replace: everyGrantor(bug) }) })
  run.world.start()
  run.world.run(15_000)
  run.world.crash('operator-0')
  run.world.run(30_000)
  run.world.restart('operator-0')
  run.world.addRule('deaf', ({ to, channel }) => (to === 'operator-1' && channel !== 'stream' ? 'drop' : 'pass'))
  run.world.run(40_000)
  run.command('operator-0', 'revoke', { model, standby: 'operator-1' })
  run.world.run(70_000)
  return run.events('leaseEnded').map(({ at }) => at)
}

function violationsOf({ run, overlap }: Outcome): readonly string[] {
  const found: string[] = []
  if (overlap !== undefined) found.push(`${overlap.peers.join(' and ')} may serve at once, at ${overlap.at} ms`)
  const acquired = run.events('leaseAcquired')
  acquired.forEach(({ peer, epoch }, index) => {
    const before = acquired.slice(0, index)
    if (before.some((other) => other.epoch > epoch)) found.push(`${peer} acquired epoch ${epoch} after a higher one`)
    if (before.some((other) => other.epoch === epoch && other.peer !== peer)) found.push(`epoch ${epoch} has two holders`)
  })
  for (const { to, at } of run.events('keyReleased')) {
    const name = run.network.directory.nameOf(to)
    const last = acquired.findLast((lease) => lease.at <= at)
    const giver = run.events('keyReleased').find((released) => released.at === at)?.peer
    if (name === 'operator-3') found.push(`the key went to ${name}, whose code is foreign`)
    if (name !== last?.peer && giver !== last?.peer) found.push(`the key went to ${name} while ${last?.peer} held the lease`)
  }
  return found
}

/** The first thing that goes wrong in a bounded search, or nothing. */
function firstViolation(replace: Replacement): string | undefined {
  const details = fc.check(
    fc.property(schedules(), (schedule) => {
      const [first] = violationsOf(play(schedule, replace))
      if (first !== undefined) throw new Error(first)
    }),
    { numRuns: 150, endOnFailure: true, seed: 4 },
  )
  return details.errorInstance instanceof Error ? details.errorInstance.message : undefined
}
