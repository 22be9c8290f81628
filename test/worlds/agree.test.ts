import { expect, test } from 'vitest'
import { emptyFolder, infermesh, scenario } from '../end-to-end/infermesh.ts'

interface Compared {
  readonly worlds: readonly string[]
  readonly checks: readonly { readonly name: string; readonly held: boolean; readonly actual: string }[]
}

async function compare(file: string, changes: readonly string[]) {
  const args = ['compare', scenario(file), '--worlds', 'message,stack', '--json', ...changes.flatMap((change) => ['--set', change])]
  const { code, stdout, stderr } = await infermesh(args, emptyFolder())
  expect(stdout, stderr).not.toBe('')
  return { code, ...(JSON.parse(stdout) as Compared) }
}

test('the virtual worlds agree on the flagship as far as it says', async () => {
  const short = ['load.0.until=24s', 'load.1.until=24s', 'faults.0.at=13s', 'faults.1.at=20s', 'parameters.audit={ ratePerMille: 1000 }']

  const { code, worlds, checks } = await compare('private-owner-failover.yaml', short)

  expect(checks.filter(({ held }) => !held)).toEqual([])
  expect(checks.filter(({ name }) => name.startsWith('worlds agree')).length).toBeGreaterThan(8)
  expect({ code, worlds }).toEqual({ code: 0, worlds: ['message', 'stack'] })
}, 300_000)

test('a tolerance that the worlds are not within is told with what was found', async () => {
  const { code, checks } = await compare('small.yaml', ['agree=[gossip.delivered ± 0]'])
  const agreement = checks.find(({ name }) => name.startsWith('worlds agree'))

  expect(agreement).toMatchObject({ held: false, actual: expect.stringMatching(/^\d+ \(message and stack\)$/) })
  expect(code).toBe(1)
}, 300_000)
