import type { NetworkRecord } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { expect, test } from 'vitest'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'
import { smallNetwork } from './networks.ts'

/** What hunts have found in the network itself, each as the smallest schedule that showed it. */

test('a receipt that gossip lost reaches the log all the same', async () => {
  const ground = await readScenario('scenarios/hunting-ground.yaml', { seed: 2062 })
  const groups = [['owner-0', 'operator-0', 'operator-1']]
  const faults = [3_400, 4_400, 5_400].map((at) => ({ kind: 'partition', groups, mode: 'jam', oneWay: true, at, until: at + 300 }) as const)
  const issued = new Set<string>()
  const logged = new Set<string>()
  const note = ({ event }: NetworkRecord): void => {
    if (event.type === 'receiptIssued') issued.add(event.receipt)
    if (event.type === 'entryLogged' && event.kind === 'receipt') logged.add(event.entry)
  }

  const { breakage } = await new VirtualRun({ ...ground, faults }, { onRecord: note }).finish()

  expect(breakage).toBeUndefined()
  expect(issued.size).toBeGreaterThan(100)
  expect([...issued].filter((receipt) => !logged.has(receipt))).toEqual([])
})

test('a settler takes no entry by hand that gossip would not carry', () => {
  const peers = { gateway: 1, operator: 1, settler: 1 }
  const run = new VirtualRun(smallNetwork([], { until: '3s', peers, models: {}, load: [] }))
  const answers: string[] = []

  run.runUntil(1_000)
  const message = { type: 'SubmitEntry', entry: Uint8Array.of(1, 2, 3) } as const
  run.messages.world.ask('settler-0', { stream: 'fetch', message }, (answer) => {
    if (answer.type === 'response') answers.push(answer.message.type)
  })
  run.runUntil(2_000)

  expect(answers).toEqual(['Refused'])
})

test('a request that waits for its next try is not sent by new keys and by its timer too', async () => {
  const ground = await readScenario('scenarios/hunting-seals.yaml', { seed: 10 })
  const faults = [{ kind: 'crash', peers: ['gateway-1'], at: 7_669, until: 8_110 }] as const

  const { breakage } = await new VirtualRun({ ...ground, faults }).finish()

  expect(breakage).toBeUndefined()
})
