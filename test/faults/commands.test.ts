import type { NetworkRecord } from '@infermesh/scenario'
import { BadScenario } from '@infermesh/scenario'
import { expect, test } from 'vitest'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'
import { smallNetwork } from './networks.ts'

const MODEL = 'acme/contract-risk@1.0'

/** Who acquired the private model's lease, and when, in a run of these commands. */
function holders(commands: readonly unknown[], faults: readonly unknown[]): readonly string[] {
  const acquired: string[] = []
  const note = ({ event, peer }: NetworkRecord): void => {
    if (event.type === 'leaseAcquired') acquired.push(`${peer} ${event.epoch}`)
  }
  new VirtualRun(smallNetwork(faults, { until: '20s', commands }), { onRecord: note }).runUntil(20_000)
  return acquired
}

test('a revoked standby does not take over', () => {
  const gone = [{ at: '8s', crash: 'owner-0', for: '10s' }]

  expect(holders([], gone)).toEqual(['owner-0 1', 'standby-0 2'])
  expect(holders([{ at: '6s', revoke: 'standby-0', model: MODEL }], gone)).not.toContain('standby-0 2')
})

test('an owner that was away asks its lease back', () => {
  const away = [{ at: '6s', crash: 'owner-0', for: '5s' }]

  expect(holders([{ at: '14s', handback: MODEL }], away)).toEqual(['owner-0 1', 'standby-0 2', 'owner-0 3'])
})

test('an operator that is delegated on a running network takes over', () => {
  const commands = [
    { at: '5s', revoke: 'standby-0', model: MODEL },
    { at: '6s', delegate: 'operator-0', model: MODEL, temperature: 'hot' },
  ]

  expect(holders(commands, [{ at: '10s', crash: 'owner-0', for: '8s' }])).toEqual(['owner-0 1', 'operator-0 2'])
})

test('commands name what there is', () => {
  const refused = (command: unknown): string => {
    try {
      smallNetwork([], { commands: [command] })
      return ''
    } catch (error) {
      return error instanceof BadScenario ? error.message : String(error)
    }
  }

  expect(refused({ at: '5s', revoke: 'nobody-0', model: MODEL })).toContain('an operator of this scenario')
  expect(refused({ at: '5s', revoke: 'standby-0', model: 'open/summarizer@1.2' })).toContain('a private model of this scenario')
  expect(refused({ at: '5s', handback: 'open/other@1.0' })).toContain('a private model of this scenario')
  expect(refused({ at: '5s', handback: 7 })).not.toBe('')
})
