import type { NetworkRecord } from '@infermesh/scenario'
import { readScenario } from '@infermesh/scenario/files'
import { expect, test } from 'vitest'
import { VirtualRun } from '../../packages/cli/src/hunt/virtual-run.ts'

// Under power-of-two nothing but the operator's name in `Resume` leads the second gateway to the work; sticky finds it without.
const policies = ['sticky', 'power-of-two']

test.each(policies)(
  'when gateways crash under load, no token is made twice, no receipt is void, and every answer is whole: %s',
  async (policy) => {
    const scenario = await readScenario('scenarios/gateway-crash.yaml', { set: [`peers.gateway.routing=${policy}`] })
    const records: NetworkRecord[] = []
    const { breakage, result } = await new VirtualRun(scenario, { onRecord: (record) => records.push(record) }).finish()

    expect(breakage).toBeUndefined()
    expect(result?.checks.filter(({ held }) => !held)).toEqual([])
    expect(result?.metrics['requests.resumed']).toBeGreaterThan(0)
    expect(tokensMadeTwice(records)).toBe(0)
  },
)

function tokensMadeTwice(records: readonly NetworkRecord[]): number {
  const made = new Set<string>()
  let twice = 0
  for (const { event } of records) {
    if (event.type !== 'tokensMade') continue
    for (let index = event.from; index < event.to; index++) {
      if (made.has(`${event.requestId}/${index}`)) twice++
      made.add(`${event.requestId}/${index}`)
    }
  }
  return twice
}
