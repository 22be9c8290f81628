import { type Action, type NetworkRecord, type Scenario, timelineOf } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { expect, test } from 'vitest'
import { finishIn } from '../hunt/finish-in.ts'
import { VirtualRun } from '../hunt/virtual-run.ts'
import { changedScenario } from './changed-scenario.ts'
import { fork, forkText } from './fork.ts'
import { Future } from './future.ts'
import { futureTimeline } from './future-timeline.ts'

const none = new Map()
const base: Scenario = {
  ...(await readScenario('scenarios/small.yaml', {
    set: ['faults=[{ at: 4s, crash: owner-0, for: 2s }, { at: 7s, pause: operator-0, for: 1s }]'],
  })),
  expect: [],
}
const faultsOf = (timeline: readonly Action[]): readonly string[] =>
  timeline.flatMap((action) => ('fault' in action ? [`${action.type} ${action.fault.kind} ${action.at}`] : []))
const future = (changes: readonly string[], from: number): readonly string[] =>
  faultsOf(futureTimeline({ before: base, after: changedScenario(base, changes) }, from, none))

test('a future without a change is the run as it was', async () => {
  const { before, after, parting } = await fork({ world: 'message', before: base, after: structuredClone(base), from: 5_000 }, none)

  expect(after.traceHash).toBe(before.traceHash)
  expect(parting).toBe('nowhere: the runs are equal')
  expect(futureTimeline({ before: base, after: structuredClone(base) }, 5_000, none)).toEqual(timelineOf(base))
})

test('what was done before the instant stays, what comes after it is changed', () => {
  expect(future(['faults.1.at=7500ms'], 6_500)).toEqual(['apply crash 4000', 'heal crash 6000', 'apply pause 7500', 'heal pause 8000'])
  expect(future(['faults.0.at=5s'], 6_500)).toEqual(['apply crash 4000', 'heal crash 6000', 'apply pause 7000', 'heal pause 8000'])
  expect(future(['faults.1=none'], 6_500)).toEqual(['apply crash 4000', 'heal crash 6000'])
})

test('a fault that acts already ends when the change says so, at once where there is none any more', () => {
  expect(future(['faults.0.until=9s'], 5_000)).toEqual(['apply crash 4000', 'apply pause 7000', 'heal pause 8000', 'heal crash 9000'])
  expect(future(['faults.0=none'], 5_000)).toEqual(['apply crash 4000', 'heal crash 5000', 'apply pause 7000', 'heal pause 8000'])
})

test('a further fault, in the words of a scenario file, acts in the changed future only', async () => {
  const after = changedScenario(base, ['faults.2={ at: 6500ms, crash: standby-0, for: 1s }'])

  const { before, after: changed, restarted, parting } = await fork({ world: 'message', before: base, after, from: 6_000 }, none)

  expect(parting).toMatch(/^6500 ms world \{"type":"peerCrashed","name":"standby-0"/)
  expect(changed.result?.metrics['peers.crashed']).toBe(Number(before.result?.metrics['peers.crashed']) + 1)
  expect(restarted).toBeUndefined()
})

test('a policy changes by a restart of its peers, beside a future with the restart alone', async () => {
  const both = await fork(
    { world: 'message', before: base, after: changedScenario(base, ['peers.gateway.routing=sticky']), from: 5_000 },
    none,
  )

  expect(both.parting).toMatch(/^5000 ms world .*gateway-0/)
  expect(both.restarted?.traceHash).not.toBe(both.after.traceHash)
  expect(both.restarted?.traceHash).not.toBe(both.before.traceHash)
  expect(forkText(both)).toMatch(/as it was +only restarted +changed/)
})

test.each(['message', 'stack'] as const)(
  'in %s the changed policy is the one that the restarted peers follow, from that instant on',
  async (world) => {
    const policies: { at: number; policy: string }[] = []
    const after = changedScenario(base, ['peers.gateway.routing=sticky'])

    const { scenario, options } = new Future({ before: base, after, from: 5_000 }, none).run(true)
    const onRecord = ({ at, event }: NetworkRecord): void => {
      if (event.type === 'dispatched') policies.push({ at, policy: event.policy })
    }
    await finishIn(world, scenario, { ...options, onRecord })

    expect(new Set(policies.filter(({ at }) => at < 5_000).map(({ policy }) => policy))).toEqual(new Set(['power-of-two', 'lease']))
    expect(policies.filter(({ at }) => at >= 5_000).map(({ policy }) => policy)).toContain('sticky')
    expect(policies.filter(({ at }) => at >= 5_000).map(({ policy }) => policy)).not.toContain('power-of-two')
  },
)

test('what a network starts with cannot change while it runs', async () => {
  const after = changedScenario(base, ['parameters.lease.ttl=2s'])

  await expect(fork({ world: 'message', before: base, after, from: 5_000 }, none)).rejects.toThrow('found one of parameters')
})

test.each([
  ['faults.3={ at: 5s, crash: owner-0 }', '--set faults.3: expected a fault from 0 to 1, or 2 for a new one, found 3'],
  ['faults.2={ at: 5s, crash: nobody }', '--set faults.2: crash: expected a peer of this scenario'],
  ['faults.2={ at: 5, crash: owner-0 }', '--set faults.2: at: expected text, found 5'],
  ['faults.2={ at: 5s, melt: owner-0 }', '--set faults.2: expected a fault: at, and one of crash'],
  ['peers.gateways.routing=uniform', '--set peers.gateways: expected a peer or a group of this scenario (gateway, operator'],
  ['peers.gateway.routing=psychic', '--set peers.gateway: routing: expected one of power-of-two'],
  ['peers.gateway.count=3', '--set peers.gateway.count: expected what a peer can change'],
])('%s is refused with what was expected', (change, message) => {
  expect(() => changedScenario(base, [change])).toThrow(message)
})

test('a fault that would have begun before the instant is refused', () => {
  expect(() => future(['faults.2={ at: 5s, crash: standby-0 }'], 6_000)).toThrow(
    'expected a fault from 6000 ms on, found crash standby-0 at 5000 ms',
  )
  expect(() => future(['faults.1.at=5s'], 6_000)).toThrow('expected a fault from 6000 ms on')
})

test('a past that is made again is the past that was', async () => {
  const until = async (scenario: Scenario) => {
    const run = new VirtualRun(scenario)
    run.runUntil(6_400)
    return run.messages.world.traceHash()
  }

  expect(await until(changedScenario(base, ['faults.2={ at: 6500ms, crash: standby-0, for: 1s }']))).toBe(await until(base))
})
