import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { emptyFolder, infermesh, scenario } from '../end-to-end/infermesh.ts'

const folder = emptyFolder()

test('a run with sealed requests says what its observers learned, and two are set side by side', async () => {
  for (const out of ['one', 'two']) {
    const ran = await infermesh(['run', scenario('oblivious-small.yaml'), '--world', 'message', '--out', out], folder)
    expect(ran.code).toBe(0)
  }

  const one = JSON.parse((await infermesh(['leaks', 'one', '--json'], folder)).stdout)
  const both = await infermesh(['leaks', 'one', 'two'], folder)

  const { checks }: { checks: { name: string; actual: string }[] } = JSON.parse(readFileSync(join(folder, 'one', 'run.json'), 'utf8'))

  // What came sealed is recomputed as well as what came in the open.
  expect(checks.find(({ name }) => name.startsWith('I13 every'))?.actual).toMatch(/^none in [1-9]\d* answers recomputed$/)
  expect(one.metrics['privacy.relay.sender.success_rate']).toBe(1)
  expect(one.costs.requests).toBeGreaterThan(5)
  expect(one.leaks.map(({ observer }: { observer: string }) => observer)).toContain('relay+gateway')
  expect(both.code).toBe(0)
  expect(both.stdout).toContain('success A')
  expect(both.stdout).toContain('bytes over those needed')
}, 60_000)

test('a run without sealed requests has none to tell of', async () => {
  await infermesh(['run', scenario('small.yaml'), '--world', 'message', '--out', 'plain'], folder)

  const told = await infermesh(['leaks', 'plain'], folder)

  expect(told.code).toBe(2)
  expect(told.stderr).toContain('expected a run with sealed requests')
}, 60_000)
