import { resolveScenario, scenario } from '@infermesh/scenario'
import { expect, test } from 'vitest'
import { refuseStandIns } from './refuse-stand-ins.ts'

const asked = (crypto: 'real' | 'sized') => resolveScenario(scenario({ name: 'sized', about: 'A relay.', crypto, peers: { relay: 1 } }))

test('no testnet of processes seals with stand-ins, even when it is asked to', () => {
  expect(() => refuseStandIns(asked('sized'))).toThrow('expected real where peers are processes, found sized')
  expect(() => refuseStandIns(asked('real'))).not.toThrow()
})
