import { faultKinds, type RunResult, type WorldName, worlds } from '@infermesh/scenario'
import { expect, test } from 'vitest'
import { silent } from '../../packages/cli/src/output/progress.ts'
import { runScenario } from '../../packages/cli/src/run-scenario.ts'
import { emptyFolder } from '../end-to-end/infermesh.ts'
import { faultTable } from './fault-table.ts'

const run = async (world: WorldName): Promise<RunResult> => {
  const options = { file: 'every-fault', progress: silent, world, out: `${emptyFolder()}/run` }
  return (await runScenario(faultTable(), options)).result
}

test('the table has every kind of fault', () => {
  expect(new Set(faultTable().faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds))
})

test.each(worlds)(
  'every fault acts in %s, and its run measures it',
  async (world) => {
    const { checks } = await run(world)

    const faults = checks.filter(({ name }) => name.includes('fault') || name.includes('ended by itself'))
    expect(faults.filter(({ held }) => !held)).toEqual([])
    expect(faults).toContainEqual(expect.objectContaining({ name: 'all faults acted', held: true }))
  },
  60_000,
)
